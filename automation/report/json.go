package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// version is the version of the JSON document. It increases when a member changes its meaning or is removed.
const version = 1

// JSON writes a report for machines: the Report with its tags, and the document's version.
func JSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(struct {
		Version int `json:"version"`
		*Report
	}{version, r}); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// Read reads what JSON wrote, for example to Join the reports of several jobs.
func Read(from io.Reader) (*Report, error) {
	var doc struct {
		Version int `json:"version"`
		*Report
	}
	if err := json.NewDecoder(from).Decode(&doc); err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	if doc.Version != version || doc.Report == nil {
		return nil, fmt.Errorf("read a report: it has version %d, and this program reads version %d", doc.Version, version)
	}
	return doc.Report, nil
}
