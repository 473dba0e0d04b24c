/* `completion`: the shells' scripts. All that they know they ask of `kubectl-kcr __complete`. */
#include <stdio.h>
#include <string.h>

#include "cli/rows.h"

const char *const cli_shells[] = {"bash", "zsh", "fish", "kubectl", NULL};

static const char *const completion_scripts[] = {
	/* bash takes '=' for the end of a word, so the line is split here */
	"_kubectl_kcr() {\n"
	"\tlocal line value directive=0 words\n"
	"\tread -ra words <<<\"${COMP_LINE:0:COMP_POINT}\"\n"
	"\t[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS= read -r line; do\n"
	"\t\tvalue=${line%%$'\\t'*}\n"
	"\t\tif [[ $line == :* ]]; then\n"
	"\t\t\tdirective=${line#:}\n"
	"\t\telif [[ ${words[-1]} == --*=* ]]; then\n"
	"\t\t\tCOMPREPLY+=(\"${value#*=}\")\n"
	"\t\telse\n"
	"\t\t\tCOMPREPLY+=(\"$value\")\n"
	"\t\tfi\n"
	"\tdone < <(kubectl-kcr __complete \"${words[@]:1}\" 2>/dev/null)\n"
	"\t((directive & 4)) || compopt -o default 2>/dev/null\n"
	"\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != */ ]] || compopt -o nospace "
	"2>/dev/null\n"
	"}\n"
	"complete -F _kubectl_kcr kubectl-kcr\n",
	/* its file may be read by source, or as the autoloaded function itself */
	"#compdef kubectl-kcr\n"
	"_kubectl_kcr() {\n"
	"\tlocal -a values open\n"
	"\tlocal line value directive=0\n"
	"\tfor line in \"${(@f)$(kubectl-kcr __complete \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\"; "
	"do\n"
	"\t\tvalue=${line%%$'\\t'*}\n"
	"\t\tcase $value in\n"
	"\t\t'') ;;\n"
	"\t\t:*) directive=${line#:} ;;\n"
	"\t\t*/) open+=(\"$value\") ;;\n"
	"\t\t*) values+=(\"${value//:/\\\\:}${${line#$value}/$'\\t'/:}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t((${#open})) && compadd -S '' -- $open\n"
	"\t((${#values})) && _describe kubectl-kcr values\n"
	"\t((directive & 4)) || _files\n"
	"}\n"
	"if [[ ${funcstack[1]} == _kubectl-kcr ]]; then\n"
	"\t_kubectl_kcr\n"
	"else\n"
	"\tcompdef _kubectl_kcr kubectl-kcr\n"
	"fi\n",
	"function __kubectl_kcr_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l last (commandline -ct)\n"
	"\tset -l lines (kubectl-kcr __complete $words[2..-1] \"$last\" 2>/dev/null)\n"
	"\tstring match -v ':*' -- $lines\n"
	"\tcontains -- \"$lines[-1]\" :4 :6; or __fish_complete_path \"$last\"\n"
	"end\n"
	"complete -c kubectl-kcr -f -a '(__kubectl_kcr_complete)'\n",
	"#!/bin/sh\n"
	"case $0 in *-inspect) set -- inspect \"$@\" ;; esac\n" /* of kubectl-kcr-inspect */
	"exec kubectl-kcr __complete \"$@\"\n",
};

static int completion_run(struct cli_call *call, struct error *err)
{
	for (size_t i = 0; cli_shells[i] != NULL; i++) {
		if (strcmp(call->words[0], cli_shells[i]) != 0)
			continue;
		fputs(completion_scripts[i], stdout);
		return CLI_DONE;
	}
	return error_set(err, ERROR_INVALID,
		"there is no completion for '%s': it is one of bash, zsh, fish, kubectl",
		call->words[0]);
}

const struct cli_command cli_completion_command = {
	.name = "completion",
	.arguments = "bash|zsh|fish|kubectl",
	.summary = "Prints a script for completion by the Tab key",
	.description =
		"Prints a shell's script that completes commands, flags and names of objects of "
		"kubectl-kcr. For 'kubectl kcr' kubectl's own completion is used, which asks a "
		"program kubectl_complete-kcr in the PATH: 'kubectl' prints that one. The Debian "
		"package has all of them in place.",
	.examples = "# for this shell\n"
		    "source <(kubectl kcr completion bash)\n"
		    "# for kubectl kcr\n"
		    "kubectl kcr completion kubectl >~/bin/kubectl_complete-kcr; chmod +x "
		    "~/bin/kubectl_complete-kcr",
	.words = CLI_WORDS_SHELLS,
	.least_words = 1,
	.most_words = 1,
	.run = completion_run,
};
