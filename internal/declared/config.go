package declared

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// Config returns the configuration of a stack file as the engine passes it to a program: by full key, structured
// values as JSON. It checks nothing.
func Config(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read stack file: %w", err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	out := map[string]string{}
	for key, value := range file.Config {
		if text, ok := value.(string); ok {
			out[Qualified(key)] = text
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", filepath.Base(path), key, err)
		}
		out[Qualified(key)] = string(text)
	}
	return out, nil
}
