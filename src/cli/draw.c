/* Moments as characters and as SVG. Each lane is a line; what is rarer covers what is frequent. */
#include <inttypes.h>
#include <string.h>

#include "cli/moments.h"
#include "cli/table.h"

static const struct {
	const char *sign;
	const char *word;
	const char *colour; /* in SVG */
	enum cli_style style;
} draw_kinds[] = {
	[CLI_MOMENT_CHECKPOINT] = {"●", "checkpoint", "#2a7", CLI_GOOD},
	[CLI_MOMENT_CRASH] = {"✗", "crash", "#c33", CLI_BAD},
	[CLI_MOMENT_RESTORE] = {"↺", "restore", "#27c", CLI_STRONG},
	[CLI_MOMENT_COLD] = {"○", "cold start", "#b80", CLI_WARNING},
};

/* Where a time lies between the first and the last, from 0 to `most`. */
static size_t draw_place(const struct cli_moments *moments, struct wall_time time, size_t most)
{
	double span = (double)(moments->last.us - moments->first.us);

	if (span <= 0)
		return 0;
	return (size_t)((double)(time.us - moments->first.us) / span * (double)most + 0.5);
}

static size_t draw_lane_end(const struct cli_moments *moments, size_t begin)
{
	size_t end = begin;

	while (end < moments->count &&
		str_equal(moments->items[end].lane, moments->items[begin].lane))
		end++;
	return end;
}

static size_t draw_label_width(const struct cli_moments *moments)
{
	size_t width = 0;

	for (size_t i = 0; i < moments->count; i++) {
		size_t own = cli_text_width(moments->items[i].lane);
		width = own > width ? own : width;
	}
	return width;
}

static void draw_lane(const struct cli_moments *moments, size_t begin, size_t end, size_t width,
	bool has_colours, struct arena *arena, struct buf *out)
{
	int *cells = arena_zeroed(arena, width, sizeof(*cells)); /* a kind and 1; 0: nothing */

	for (size_t i = begin; i < end; i++) {
		size_t place = draw_place(moments, moments->items[i].time, width - 1);
		int kind = (int)moments->items[i].kind + 1;
		/* of a crash and its restore in one column the next one is free, mostly */
		if (cells[place] != 0 && kind > CLI_MOMENT_CRASH + 1 && place + 1 < width)
			place++;
		if (kind > cells[place])
			cells[place] = kind;
	}
	for (size_t i = 0; i < width; i++) {
		if (cells[i] == 0)
			buf_add_text(out, "─");
		else
			cli_write_styled(out, str_of(draw_kinds[cells[i] - 1].sign),
				draw_kinds[cells[i] - 1].style, has_colours);
	}
	buf_add_byte(out, '\n');
}

static void draw_axis(
	const struct cli_moments *moments, size_t label, size_t width, struct buf *out)
{
	char first[TIME_TEXT_SIZE];
	char last[TIME_TEXT_SIZE];
	size_t taken;

	wall_time_format(moments->first, first);
	wall_time_format(moments->last, last);
	taken = strlen(first) + strlen(last);
	buf_printf(out, "%*s%s%*s%s\n", (int)label, "", first,
		width > taken ? (int)(width - taken) : 1, "", last);
}

static void draw_list(
	const struct cli_moments *moments, bool has_colours, struct arena *arena, struct buf *out)
{
	static const struct cli_column columns[] = {{"TIME", false, ""},
		{"POD/CONTAINER", false, ""}, {"WHAT", false, ""}, {"DETAIL", false, ""}};
	struct cli_table table = {
		.arena = arena,
		.columns = columns,
		.column_count = array_size(columns),
		.has_colours = has_colours,
		.has_headers = true,
	};
	struct error ignored; /* there is such a column */

	for (size_t i = 0; i < moments->count; i++) {
		const struct cli_moment *moment = &moments->items[i];
		char text[TIME_TEXT_SIZE];
		wall_time_format(moment->time, text);
		const struct cli_cell cells[] = {
			{.text = arena_str(arena, str_of(text))},
			{.text = moment->lane},
			{.text = arena_printf(arena, "%s %s", draw_kinds[moment->kind].sign,
				 draw_kinds[moment->kind].word),
				.style = draw_kinds[moment->kind].style},
			{.text = moment->text},
		};
		cli_table_add(&table, cells, NULL);
	}
	if (cli_table_sort(&table, "TIME", &ignored) == 0)
		cli_table_write(&table, out);
}

void cli_moments_draw(const struct cli_moments *moments, size_t width, bool has_colours,
	struct arena *arena, struct buf *out)
{
	enum { DRAW_LEAST = 42 }; /* the axis has two times */
	size_t label = draw_label_width(moments) + 2;
	size_t lane = width > label + DRAW_LEAST ? width - label : DRAW_LEAST;

	for (size_t i = 0; i < moments->count;) {
		size_t end = draw_lane_end(moments, i);
		struct str name = moments->items[i].lane;
		cli_write_styled(out, name, CLI_PLAIN, false);
		buf_printf(out, "%*s", (int)(label - cli_text_width(name)), "");
		draw_lane(moments, i, end, lane, has_colours, arena, out);
		i = end;
	}
	draw_axis(moments, label, lane, out);
	buf_add_byte(out, '\n');
	draw_list(moments, has_colours, arena, out);
}

/* ---- SVG ---- */

enum {
	SVG_WIDTH = 960,
	SVG_LEFT = 260,
	SVG_RIGHT = 40,
	SVG_TOP = 60,
	SVG_LANE = 44,
	SVG_SIZE = 7,
};

static void svg_add_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte == '<')
			buf_add_text(out, "&lt;");
		else if (byte == '&')
			buf_add_text(out, "&amp;");
		else
			buf_add_byte(out, byte < ' ' ? ' ' : text.data[i]);
	}
}

static void svg_add_moment(struct buf *out, const struct cli_moment *moment, size_t x, size_t y)
{
	const char *colour = draw_kinds[moment->kind].colour;
	char text[TIME_TEXT_SIZE];

	wall_time_format(moment->time, text);
	buf_add_text(out, "<g>");
	if (moment->kind == CLI_MOMENT_CRASH)
		buf_printf(out,
			"<path d=\"M%zu %zul%d %dm0 -%dl-%d %d\" stroke=\"%s\" "
			"stroke-width=\"3\"/>",
			x - SVG_SIZE, y - SVG_SIZE, 2 * SVG_SIZE, 2 * SVG_SIZE, 2 * SVG_SIZE,
			2 * SVG_SIZE, 2 * SVG_SIZE, colour);
	else
		buf_printf(out,
			"<circle cx=\"%zu\" cy=\"%zu\" r=\"%d\" fill=\"%s\" stroke=\"%s\" "
			"stroke-width=\"3\"/>",
			x, y, SVG_SIZE - 1, moment->kind == CLI_MOMENT_CHECKPOINT ? colour : "#fff",
			colour);
	buf_printf(out, "<title>%s %s: ", text, draw_kinds[moment->kind].word);
	svg_add_text(out, moment->text);
	buf_add_text(out, "</title></g>\n");
}

static void svg_add_legend(struct buf *out, size_t y)
{
	for (size_t i = 0; i < array_size(draw_kinds); i++)
		buf_printf(out, "<text x=\"%zu\" y=\"%zu\" fill=\"%s\">%s %s</text>\n",
			SVG_LEFT + i * 130, y, draw_kinds[i].colour, draw_kinds[i].sign,
			draw_kinds[i].word);
}

static size_t svg_count_lanes(const struct cli_moments *moments)
{
	size_t lanes = 0;

	for (size_t i = 0; i < moments->count; i = draw_lane_end(moments, i))
		lanes++;
	return lanes;
}

static void svg_add_lane(
	struct buf *out, const struct cli_moments *moments, size_t begin, size_t end, size_t y)
{
	buf_printf(out, "<text x=\"20\" y=\"%zu\">", y + 5);
	svg_add_text(out, moments->items[begin].lane);
	buf_printf(out, "</text>\n<path d=\"M%d %zuH%d\" stroke=\"#bbb\" stroke-width=\"2\"/>\n",
		(int)SVG_LEFT, y, SVG_WIDTH - SVG_RIGHT);
	for (size_t i = begin; i < end; i++)
		svg_add_moment(out, &moments->items[i],
			SVG_LEFT +
				draw_place(moments, moments->items[i].time,
					SVG_WIDTH - SVG_LEFT - SVG_RIGHT),
			y);
}

void cli_moments_write_svg(const struct cli_moments *moments, const char *title, struct buf *out)
{
	size_t bottom = SVG_TOP + svg_count_lanes(moments) * SVG_LANE;
	size_t y = SVG_TOP;
	char first[TIME_TEXT_SIZE];
	char last[TIME_TEXT_SIZE];

	wall_time_format(moments->first, first);
	wall_time_format(moments->last, last);
	buf_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
		"font-family=\"sans-serif\" font-size=\"13\" fill=\"none\">\n"
		"<style>text{fill:#333}</style>\n<rect width=\"100%%\" height=\"100%%\" "
		"fill=\"#fff\"/>\n<text x=\"20\" y=\"26\" font-size=\"16\">",
		(int)SVG_WIDTH, bottom + 60);
	svg_add_text(out, str_of(title));
	buf_add_text(out, "</text>\n");
	for (size_t i = 0; i < moments->count;) {
		size_t end = draw_lane_end(moments, i);
		svg_add_lane(out, moments, i, end, y);
		y += SVG_LANE;
		i = end;
	}
	buf_printf(out, "<text x=\"%d\" y=\"%zu\">%s</text>\n", (int)SVG_LEFT, bottom + 10, first);
	buf_printf(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">%s</text>\n",
		SVG_WIDTH - SVG_RIGHT, bottom + 10, last);
	svg_add_legend(out, bottom + 42);
	buf_add_text(out, "</svg>\n");
}
