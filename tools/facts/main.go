// Facts writes what the genuine AWS provider does with the types that the rehearsal cloud supports. It queries the
// provider's own binary, over Terraform's plugin protocol, and reads the names from the source of Pulumi's SDK.
// docs/facts.md says how.
//
//	go run -C tools/facts . -provider .../terraform-provider-aws_v5.100.0_x5             every type that is there, anew
//	go run -C tools/facts . -provider ... aws_sqs_queue_redrive_policy ...               these types, new ones or old ones
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	binary := flag.String("provider", "", "the provider's binary; by default the only terraform-provider-aws_v* on PATH")
	out := flag.String("out", filepath.Join("..", "..", "internal", "facts", "aws"), "the directory of the facts")
	module := flag.String("sdk", filepath.Join("..", ".."), "a directory of the module whose version of pulumi-aws is read")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *binary, *out, *module, flag.Args(), os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "facts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, dir, module string, asked []string, progress io.Writer) error {
	began := time.Now()
	binary, err := findProvider(binary)
	if err != nil {
		return err
	}
	home, version, err := moduleOf(ctx, module)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "reading pulumi-aws %s\n", version)
	s, err := readSDK(filepath.Join(home, "go", "aws"), version)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "starting %s\n", filepath.Base(binary))
	conn, kill, err := launch(binary)
	if err != nil {
		return err
	}
	defer kill()
	p, err := connect(ctx, conn)
	if err != nil {
		return err
	}
	g := &generator{sdk: s, provider: p, dir: dir, progress: progress, began: began}
	if g.written, err = readWritten(); err != nil {
		return err
	}
	if err := g.resources(ctx, asked); err != nil {
		return err
	}
	if len(asked) > 0 {
		return nil
	}
	if err := g.functions(); err != nil {
		return err
	}
	return g.write("provider.json", facts{
		"package": "aws", "version": version, "terraformProvider": "hashicorp/aws " + versionOf(binary),
	})
}

var versionInName = regexp.MustCompile(`_v(\d+\.\d+\.\d+)`)

// versionOf reads the provider's version from its binary's name, which is where Terraform has it from, too.
func versionOf(binary string) string {
	if m := versionInName.FindStringSubmatch(filepath.Base(binary)); m != nil {
		return m[1]
	}
	return "of unknown version"
}

const sdkModule = "github.com/pulumi/pulumi-aws/sdk/v6"

// moduleOf returns where the source of the SDK is that a module requires, and its version.
func moduleOf(ctx context.Context, dir string) (home, version string, err error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-json", sdkModule)
	cmd.Dir = dir
	text, err := cmd.Output()
	var found struct{ Dir, Version string }
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err == nil && found.Dir == "" {
		err = errors.New("it is not in the module cache: run go mod download")
	}
	if err != nil {
		return "", "", fmt.Errorf("find %s: %w", sdkModule, err)
	}
	return found.Dir, strings.TrimPrefix(found.Version, "v"), nil
}

// generator writes facts into a directory.
type generator struct {
	sdk      *sdk
	provider *provider
	written  map[string]*written
	dir      string

	mu       sync.Mutex
	progress io.Writer
	began    time.Time
	done     int
}

// job is one resource type.
type job struct {
	tf, token string
	target    *target
}

// resources writes the types that were asked for, or all that are there.
func (g *generator) resources(ctx context.Context, asked []string) error {
	jobs, err := g.jobs(asked)
	if err != nil {
		return err
	}
	queue := make(chan job)
	var wg sync.WaitGroup
	var problems []error
	for range runtime.NumCPU() {
		wg.Go(func() {
			for j := range queue {
				if err := g.resource(ctx, j, len(jobs)); err != nil {
					g.mu.Lock()
					problems = append(problems, fmt.Errorf("%s: %w", j.tf, err))
					g.mu.Unlock()
				}
			}
		})
	}
	// The largest types first, so that no worker is left alone with one at the end.
	slices.SortFunc(jobs, func(a, b job) int {
		return cmp.Or(cmp.Compare(len(g.provider.resources[b.tf]), len(g.provider.resources[a.tf])), cmp.Compare(a.token, b.token))
	})
	for _, j := range jobs {
		queue <- j
	}
	close(queue)
	wg.Wait()
	slices.SortFunc(problems, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// jobs finds the types and their tokens.
func (g *generator) jobs(asked []string) ([]job, error) {
	byToken := map[string]string{}
	there, err := tokensIn(filepath.Join(g.dir, "resources"))
	if err != nil {
		return nil, err
	}
	maps.Copy(byToken, there)
	index := indexTokens(slices.Sorted(maps.Keys(g.sdk.resources)))
	known := map[string]string{}
	for token, tf := range there {
		known[tf] = token
	}
	tokenOf := func(tf string) string {
		if token := known[tf]; token != "" {
			return token
		}
		if w := g.written[tf]; w != nil && w.Token != "" {
			return w.Token
		}
		return index.find(tf, "")
	}
	if len(asked) > 0 {
		byToken = map[string]string{}
	}
	var problems []error
	for _, name := range asked {
		tf, token := name, tokenOf(name)
		if strings.Contains(name, ":") {
			tf, token = there[name], name
			for _, other := range sorted(g.provider.resources) {
				if tf == "" && tokenOf(other) == name {
					tf = other
				}
			}
		}
		switch {
		case g.provider.resources[tf] == nil || g.sdk.resources[token] == nil:
			problems = append(problems, fmt.Errorf("%s: no such type, or none with such a name in pulumi-aws; "+
				`where Pulumi's name does not follow from Terraform's, write it down in written.json: {"token": "aws:module/name:Name"}`, name))
		case g.written[tf] == nil:
			problems = append(problems, fmt.Errorf("%s: %w", tf, errNotWritten))
		default:
			byToken[token] = tf
		}
	}
	var out []job
	for _, token := range sorted(byToken) {
		tf := byToken[token]
		r := g.sdk.resources[token]
		if r == nil {
			problems = append(problems, fmt.Errorf("%s: pulumi-aws %s has no such token", token, g.sdk.version))
			continue
		}
		if g.written[tf] == nil {
			problems = append(problems, fmt.Errorf("%s: %w", tf, errNotWritten))
			continue
		}
		t, err := newTarget(g.provider, g.sdk, tf, r, g.written[tf])
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", tf, err))
			continue
		}
		out = append(out, job{tf: tf, token: token, target: t})
	}
	return out, errors.Join(problems...)
}

func (g *generator) resource(ctx context.Context, j job, of int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	began := time.Now()
	for _, step := range []func(context.Context) error{
		j.target.learnLimits, j.target.learnRules, j.target.learnDefaults, j.target.probe,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	out, err := resourceFacts(j.target, g.sdk.resources[j.token], g.written[j.tf])
	if err != nil {
		return err
	}
	if err := g.write(filepath.Join("resources", fileOf(j.token)), out); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done++
	fmt.Fprintf(g.progress, "%3d of %d  %6.1f s  %s (%.1f s)\n", g.done, of, time.Since(g.began).Seconds(), j.token, time.Since(began).Seconds())
	return nil
}

// functions writes the functions that are there.
func (g *generator) functions() error {
	there, err := tokensIn(filepath.Join(g.dir, "functions"))
	if err != nil {
		return err
	}
	for _, token := range sorted(there) {
		tf, r := there[token], g.sdk.functions[token]
		raw := g.provider.functions[tf]
		if r == nil || raw == nil {
			return fmt.Errorf("%s: no such function any more", token)
		}
		parsed, err := parseSchema(raw)
		if err != nil {
			return fmt.Errorf("%s: %w", token, err)
		}
		props := maps.Clone(r.out)
		maps.Copy(props, r.in)
		members := namer{types: g.sdk.types}.block(parsed.block, props, nil, "timeouts")
		if err := g.write(filepath.Join("functions", fileOf(token)), functionFacts(tf, members, r)); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) write(name string, f facts) error {
	text, err := encode(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	path := filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// tokensIn returns the tokens whose facts are in a directory, with their Terraform types.
func tokensIn(dir string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var f struct {
			TF string `json:"tf"`
		}
		if err := json.Unmarshal(text, &f); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		out["aws:"+filepath.Base(filepath.Dir(file))+"/"+strings.ToLower(name[:1])+name[1:]+":"+name] = f.TF
	}
	return out, nil
}

// fileOf is where the facts about a token are: ec2/Vpc.json of aws:ec2/vpc:Vpc.
func fileOf(token string) string {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[1], "/")
	return filepath.Join(module, parts[2]+".json")
}

// sorted returns a map's keys in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
