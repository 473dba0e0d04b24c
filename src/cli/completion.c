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
	"#compdef kubectl-kcr\n"
	"_kubectl_kcr() {\n"
	"\tlocal -a lines values open\n"
	"\tlines=(\"${(@f)$(kubectl-kcr __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
	"\tvalues=(${(@)${(@)lines[1,-2]}%%$'\\t'*})\n"
	"\topen=(${(M)values:#*/})\n"
	"\tvalues=(${values:#*/})\n"
	"\t((${#open})) && compadd -S '' -- $open\n"
	"\t((${#values})) && compadd -- $values\n"
	"\t((${lines[-1]#:} & 4)) || _files\n"
	"}\n"
	"compdef _kubectl_kcr kubectl-kcr\n",
	"function __kubectl_kcr_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l last (commandline -ct)\n"
	"\tkubectl-kcr __complete $words[2..-1] \"$last\" 2>/dev/null | string match -v ':*'\n"
	"end\n"
	"complete -c kubectl-kcr -f -a '(__kubectl_kcr_complete)'\n",
	"#!/bin/sh\n"
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
