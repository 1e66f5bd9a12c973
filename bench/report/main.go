// Command report makes a page of the results of the benchmarks: it reads the JSON
// files in a folder, and writes README.md with tables and plots there, and the main
// table into the README of the project.
//
// It is a module of its own, so that nobody who builds the server downloads a
// library for plots.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

func command(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.SetOutput(stderr)
	folder := flags.String("results", "../results", "the `folder` with the results, which the page goes to as well")
	readme := flags.String("readme", "", "the `file` that gets the main table, between its marks; empty is none")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	if err := write(*folder, *readme); err != nil {
		fmt.Fprintf(stderr, "report: %v\n", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s\n", filepath.Join(*folder, pageName))
	return 0
}

// pageName is the name of the page, which hosts of repositories show by themselves.
const pageName = "README.md"

// write makes the page and the plots, and fills in the main table.
func write(folder, readme string) error {
	results, err := readResults(folder)
	if err != nil {
		return err
	}
	drawn, err := drawPlots(folder, results)
	if err != nil {
		return err
	}
	p := page{results: results, plots: drawn, peers: peersIn(folder)}
	if err := os.WriteFile(filepath.Join(folder, pageName), []byte(p.text()), 0o644); err != nil {
		return err
	}
	if readme == "" {
		return nil
	}
	return fillIn(readme, mainTable(results, false))
}
