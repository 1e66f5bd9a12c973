//go:build linux

package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
)

// chart is a bar chart: the bars of a row lie one below the other.
type chart struct {
	title  string
	format string   // of a value
	series []string // what the bars of a row are
	rows   []bars
}

type bars struct {
	label  string
	values []float64 // 0 is none
}

// Measures of a chart, in pixels.
const (
	chartWidth  = 900
	chartLabels = 250 // for the names of the rows
	chartValues = 70  // for the numbers behind the bars
	chartTop    = 70
	barHeight   = 13
	barGap      = 1
	rowGap      = 12
)

// chartColours are those of the series. They can be told apart on white and on black.
var chartColours = []string{"#9aa5b1", "#2f7ed8", "#1a4f8b"}

// svg draws the chart.
func (c *chart) svg() []byte {
	most := 0.0
	for _, row := range c.rows {
		most = max(most, slices.Max(row.values))
	}
	rowHeight := len(c.series)*(barHeight+barGap) + rowGap
	var b bytes.Buffer
	height := chartTop + len(c.rows)*rowHeight + 10
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", chartWidth, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", chartWidth, height)
	text(&b, 10, 24, `font-size="16" font-weight="bold"`, c.title)
	for i, name := range c.series {
		x := 10 + i*280
		fmt.Fprintf(&b, `<rect x="%d" y="39" width="12" height="12" fill="%s"/>`+"\n", x, chartColours[i])
		text(&b, x+18, 50, "", name)
	}
	for i, row := range c.rows {
		y := chartTop + i*rowHeight
		text(&b, chartLabels-10, y+rowHeight/2, `text-anchor="end"`, row.label)
		for j, value := range row.values {
			if value <= 0 {
				continue
			}
			length := value / most * (chartWidth - chartLabels - chartValues)
			top := y + j*(barHeight+barGap)
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>`+"\n", chartLabels, top, length, barHeight, chartColours[j])
			text(&b, chartLabels+int(length)+6, top+barHeight-3, `font-size="11"`, fmt.Sprintf(c.format, value))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// text writes a text at a place.
func text(w io.Writer, x, y int, attributes, content string) {
	fmt.Fprintf(w, `<text x="%d" y="%d" %s>`, x, y, attributes)
	_ = xml.EscapeText(w, []byte(content)) // a buffer takes everything
	fmt.Fprint(w, "</text>\n")
}
