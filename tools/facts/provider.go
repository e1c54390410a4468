package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/msgpack"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
)

// maxMessage is more than the schema of the largest provider takes.
const maxMessage = 1 << 30

// terraformVersion is what the provider is told of its caller.
const terraformVersion = "1.11.4"

// provider is a running Terraform provider.
type provider struct {
	conn *grpc.ClientConn
	// resources and functions are the schemas as they were sent, by type.
	resources, functions map[string][]byte
	config               *schema
}

// findProvider returns the binary that a flag names, or the only one of its name on PATH.
func findProvider(given string) (string, error) {
	if given != "" {
		return exec.LookPath(given)
	}
	var found []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		matches, err := filepath.Glob(filepath.Join(dir, "terraform-provider-aws_v*"))
		if err != nil {
			return "", err
		}
		found = append(found, matches...)
	}
	switch len(found) {
	case 0:
		return "", errors.New("no terraform-provider-aws_v* on PATH: name the binary with -provider")
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("several providers on PATH: name one with -provider: %s", strings.Join(found, ", "))
}

// plain hands out go-plugin's connection as it is.
type plain struct{ goplugin.Plugin }

func (plain) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return nil }
func (plain) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// launch starts a provider. The returned function ends it.
func launch(binary string) (*grpc.ClientConn, func(), error) {
	cmd := exec.Command(binary)
	dieWithParent(cmd)
	client := goplugin.NewClient(&goplugin.ClientConfig{
		// The handshake of all Terraform providers
		// (https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol).
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: 5, MagicCookieKey: "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]goplugin.PluginSet{5: {"provider": plain{}}},
		Cmd:              cmd, AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC}, AutoMTLS: true,
		Logger: hclog.NewNullLogger(), Stderr: io.Discard, SyncStdout: io.Discard, SyncStderr: io.Discard,
	})
	protocol, err := client.Client()
	if err != nil {
		client.Kill()
		return nil, nil, fmt.Errorf("start %s: %w", filepath.Base(binary), err)
	}
	raw, err := protocol.Dispense("provider")
	if err != nil {
		client.Kill()
		return nil, nil, fmt.Errorf("start %s: %w", filepath.Base(binary), err)
	}
	return raw.(*grpc.ClientConn), client.Kill, nil
}

// connect reads a provider's schemas and configures it without credentials: it is asked for plans, never for AWS.
func connect(ctx context.Context, conn *grpc.ClientConn) (*provider, error) {
	p := &provider{conn: conn, resources: map[string][]byte{}, functions: map[string][]byte{}}
	answer, err := p.call(ctx, "GetSchema", &msg{})
	if err != nil {
		return nil, err
	}
	var problems diags
	var wrong error
	err = fields(answer, func(n protowire.Number, v []byte, _ uint64) {
		switch n {
		case 1:
			p.config, wrong = parseSchema(v)
		case 2:
			name, body := entry(v)
			p.resources[name] = body
		case 3:
			name, body := entry(v)
			p.functions[name] = body
		case 4:
			problems = append(problems, readDiag(v))
		}
	})
	if err := errors.Join(err, wrong, problems.err()); err != nil {
		return nil, fmt.Errorf("read the provider's schemas: %w", err)
	}
	if p.config == nil {
		return nil, errors.New("the provider has no schema")
	}
	return p, p.configure(ctx)
}

// offline is the configuration that keeps the provider from asking AWS for anything, as far as its schema has it.
var offline = map[string]cty.Value{
	"region": cty.StringVal("eu-central-1"), "access_key": cty.StringVal("none"), "secret_key": cty.StringVal("none"),
	"skip_credentials_validation": cty.True, "skip_requesting_account_id": cty.True, "skip_region_validation": cty.True,
	"skip_metadata_api_check": cty.StringVal("true"), "max_retries": cty.NumberIntVal(1),
	// Nobody answers there: whatever asks all the same is told so at once.
	"http_proxy": cty.StringVal("http://127.0.0.1:9"), "https_proxy": cty.StringVal("http://127.0.0.1:9"),
}

func (p *provider) configure(ctx context.Context) error {
	members := p.config.empty().AsValueMap()
	for name, v := range offline {
		if _, ok := members[name]; ok {
			members[name] = v
		}
	}
	config := cty.EmptyObjectVal
	if len(members) > 0 {
		config = cty.ObjectVal(members)
	}
	packed, err := msgpack.Marshal(config, p.config.ty)
	if err != nil {
		return err
	}
	answer, err := p.call(ctx, "Configure", (&msg{}).str(1, terraformVersion).dyn(2, packed))
	if err != nil {
		return err
	}
	return diagsIn(answer, 1).err()
}

func (p *provider) call(ctx context.Context, method string, request *msg) ([]byte, error) {
	var answer msg
	err := p.conn.Invoke(ctx, "/tfplugin5.Provider/"+method, request, &answer, grpc.ForceCodec(rawCodec{}),
		grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))
	if err != nil {
		return nil, fmt.Errorf("the provider's %s: %w", method, err)
	}
	return answer.b, nil
}

// entry splits an entry of a protobuf map.
func entry(b []byte) (key string, value []byte) {
	_ = fields(b, func(n protowire.Number, v []byte, _ uint64) {
		switch n {
		case 1:
			key = string(v)
		case 2:
			value = v
		}
	})
	return key, value
}

func diagsIn(answer []byte, field protowire.Number) diags {
	var out diags
	_ = fields(answer, func(n protowire.Number, v []byte, _ uint64) {
		if n == field {
			out = append(out, readDiag(v))
		}
	})
	return out
}

// validate returns what the provider says of a configuration before it asks AWS.
func (p *provider) validate(ctx context.Context, typ string, s *schema, config cty.Value) (diags, error) {
	packed, err := msgpack.Marshal(config, s.ty)
	if err != nil {
		return nil, err
	}
	capabilities := (&msg{}).num(2, 1) // write-only attributes are allowed
	answer, err := p.call(ctx, "ValidateResourceTypeConfig", (&msg{}).str(1, typ).dyn(2, packed).bytes(3, capabilities.b))
	return diagsIn(answer, 1), err
}

// plan is the provider's answer to a change.
type plan struct {
	value    cty.Value
	private  []byte
	replaces []attrPath
	problems diags
}

// plan asks what a configuration would make of a prior state; of a null one, what it would create.
func (p *provider) plan(ctx context.Context, typ string, s *schema, prior cty.Value, private []byte, config cty.Value) (*plan, error) {
	proposed := proposedNew(s.block, prior, config)
	var packed [3][]byte
	for i, v := range []cty.Value{prior, proposed, config} {
		var err error
		if packed[i], err = msgpack.Marshal(v, s.ty); err != nil {
			return nil, err
		}
	}
	nothing := []byte{0xc0} // msgpack's nil: no provider_meta
	answer, err := p.call(ctx, "PlanResourceChange", (&msg{}).str(1, typ).dyn(2, packed[0]).dyn(3, packed[1]).dyn(4, packed[2]).
		bytes(5, private).dyn(6, nothing))
	if err != nil {
		return nil, err
	}
	out := &plan{value: cty.NullVal(s.ty)}
	var wrong error
	err = fields(answer, func(n protowire.Number, v []byte, _ uint64) {
		switch n {
		case 1:
			if mp := readDyn(v).msgpack; len(mp) > 0 {
				out.value, wrong = msgpack.Unmarshal(mp, s.ty)
			}
		case 2:
			out.replaces = append(out.replaces, readPath(v))
		case 3:
			out.private = v
		case 4:
			out.problems = append(out.problems, readDiag(v))
		}
	})
	return out, errors.Join(err, wrong)
}
