// The linters that run beside vet and staticcheck, configured in revive.toml. A module of its own, so that what they need
// moves neither the program nor the Pulumi CLI in tools/go.mod.
//
//	go tool -modfile=tools/lint/go.mod revive -config tools/lint/revive.toml ./...
module github.com/eks-platform/eks-platform/tools/lint

go 1.26.6

tool (
	github.com/gordonklaus/ineffassign
	github.com/mgechev/revive
)

require (
	codeberg.org/chavacava/garif v0.2.1 // indirect
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/fatih/color v1.19.0 // indirect
	github.com/fatih/structtag v1.2.0 // indirect
	github.com/gordonklaus/ineffassign v0.2.0 // indirect
	github.com/hashicorp/go-version v1.9.0 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	github.com/mgechev/dots v1.0.0 // indirect
	github.com/mgechev/revive v1.16.0 // indirect
	github.com/spf13/afero v1.15.0 // indirect
	golang.org/x/mod v0.40.0 // indirect
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.37.0 // indirect
	golang.org/x/tools v0.49.0 // indirect
)
