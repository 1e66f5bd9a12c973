package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawing is a plot that was drawn.
type drawing struct {
	title, text, file string
}

// Sizes of all plots.
const (
	width  = 24 * vg.Centimeter
	height = 12 * vg.Centimeter
)

// drawPlots draws all plots that there is something to see in.
func drawPlots(folder string, results []result) (drawn []drawing, err error) {
	for _, d := range []struct {
		drawing
		plot *plot.Plot
	}{
		{drawing{"Latency", "From the adapter's call to the client's read. So many percent of the updates were not older than that.", "latency.svg"}, latencies(results)},
		{drawing{"CPU time per million updates", "Of the server's process, and of the floor: bare sockets that make the same writes.", "cpu.svg"}, cpuTimes(results)},
		{drawing{"Memory per session", "Of the server's process, beyond that of the empty server, by the number of sessions.", "memory.svg"}, memory(results)},
	} {
		if d.plot == nil {
			continue
		}
		d.plot.BackgroundColor = color.White // a page may be dark
		if err := d.plot.Save(width, height, filepath.Join(folder, d.file)); err != nil {
			return nil, err
		}
		drawn = append(drawn, d.drawing)
	}
	return drawn, nil
}

// latencies has a curve for each scenario, over percentiles: the axis gives each
// nine as much room as the one before.
func latencies(results []result) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "percentile", "ms"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	p.X.Tick.Marker = plot.ConstantTicks{
		{Value: nines(0), Label: "0"}, {Value: nines(50), Label: "50"}, {Value: nines(90), Label: "90"}, {Value: nines(99), Label: "99"},
		{Value: nines(99.9), Label: "99.9"}, {Value: nines(99.99), Label: "99.99"}, {Value: nines(100), Label: "max"},
	}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	curves := 0
	for i := range results {
		r := &results[i]
		if len(r.Latency) == 0 {
			continue
		}
		line, err := plotter.NewLine(curve(r.Latency))
		if err != nil {
			continue // a point that is no number
		}
		line.Color, line.Width, line.Dashes = plotutil.Color(curves), vg.Points(1.5), plotutil.Dashes(curves/len(plotutil.SoftColors))
		p.Add(line)
		p.Legend.Add(r.name(), line)
		curves++
	}
	if curves == 0 {
		return nil
	}
	roomForLegend(p, curves)
	return p
}

// roomForLegend widens the vertical axis, so that curves and names do not cover each
// other.
func roomForLegend(p *plot.Plot, names int) {
	p.Y.Max *= math.Pow(p.Y.Max/p.Y.Min, 0.04*float64(names))
	p.Legend.TextStyle.Font.Size = font.Points(9)
}

// curve returns the points as they are drawn. A logarithm wants no zero.
func curve(points []point) plotter.XYs {
	xys := make(plotter.XYs, len(points))
	for i, p := range points {
		xys[i].X, xys[i].Y = nines(p.Percentile), max(p.MS, 0.01)
	}
	return xys
}

// nines is how many nines a percentile has; all there is counts as five.
func nines(percentile float64) float64 {
	return min(-math.Log10(max(1-percentile/100, 1e-12)), 5)
}

// cpuTimes shows what a million updates cost.
func cpuTimes(results []result) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = "CPU seconds per million updates"
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades{}
	p.Legend.Top = true
	var names []string
	var server, user, floor plotter.XYs
	for i := range results {
		r := &results[i]
		if r.perMillion() == 0 {
			continue
		}
		at := float64(len(names))
		server = append(server, plotter.XY{X: at, Y: r.perMillion()})
		if r.ServerUser > 0 {
			user = append(user, plotter.XY{X: at, Y: r.perMillion() * r.ServerUser / (r.ServerUser + r.ServerSystem)})
		}
		if r.FloorPerCPU > 0 {
			floor = append(floor, plotter.XY{X: at, Y: 1e6 / r.FloorPerCPU})
		}
		names = append(names, r.name())
	}
	if len(names) == 0 {
		return nil
	}
	p.Add(plotter.NewGrid())
	for i, s := range []struct {
		name   string
		points plotter.XYs
		shape  draw.GlyphDrawer
	}{{"server", server, draw.CircleGlyph{}}, {"of it in user mode", user, draw.RingGlyph{}}, {"floor", floor, draw.BoxGlyph{}}} {
		if len(s.points) == 0 {
			continue
		}
		scatter, err := plotter.NewScatter(s.points)
		if err != nil {
			continue // a point that is no number
		}
		scatter.Shape, scatter.Radius, scatter.Color = s.shape, vg.Points(4), plotutil.Color(i)
		p.Add(scatter)
		p.Legend.Add(s.name, scatter)
	}
	nameColumns(p, names)
	return p
}

// memory shows what a session takes.
func memory(results []result) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text, p.Y.Min = "KiB per session", 0
	var names []string
	var values plotter.Values
	for i := range results {
		r := &results[i]
		if r.Clients == 0 || len(r.Feeds) > 0 || r.PerSession <= 0 {
			continue
		}
		names = append(names, fmt.Sprintf("%s (%d)", r.name(), r.Clients))
		values = append(values, r.PerSession/1024)
	}
	if len(names) == 0 {
		return nil
	}
	bars, err := plotter.NewBarChart(values, vg.Points(20))
	if err != nil {
		return nil // a value that is no number
	}
	bars.Color = plotutil.Color(2)
	p.Add(plotter.NewGrid(), bars)
	p.Y.Max *= 1.05
	nameColumns(p, names)
	return p
}

// nameColumns writes names below the columns, aslant, because there are many.
func nameColumns(p *plot.Plot, names []string) {
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4
	p.X.Tick.Label.Rotation = 0.5
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
	p.X.Tick.Label.Font.Size = font.Points(9)
}

// decades marks the powers of ten, with numbers as people write them.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	ticks := plot.LogTicks{}.Ticks(low, high)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = fmt.Sprint(math.Round(t.Value*1e6) / 1e6)
		}
	}
	return ticks
}
