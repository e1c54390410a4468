// Package instancetype knows the EC2 instance types: vCPUs, memory, processor architectures, accelerators, local disks,
// and how many network interfaces and addresses they take, which together bound the number of pods on a node.
//
// The table, types.csv, is generated (generate.go) from three Go modules:
//
//   - github.com/cristim/ec2-instances-info v0.0.0-20250528091325-32acf84f42eb, data/instances.json, which is the data
//     of ec2instances.info (MIT licence, Copyright (c) 2013 Garret Heaton): vCPUs, memory, architectures,
//     accelerators, local disks, and the network limits of the types that the second module does not list;
//   - github.com/aws/amazon-vpc-cni-k8s v1.23.2, pkg/vpc/vpc_ip_resource_limit.go (Apache 2.0 licence): network
//     interfaces of the default network card, addresses, hypervisor. These are the limits that the VPC CNI itself
//     works with; the first module counts the interfaces of all cards, of which pods can use the default one only;
//   - github.com/aws/amazon-vpc-resource-controller-k8s v1.8.2, pkg/aws/vpc/limits.go (Apache 2.0 licence): the branch
//     interfaces of the types that can have a trunk interface, as the controller of pod security groups counts them.
//
// Types that came out after the first module's date are not in the table. So Lookup's false means "mistyped or new".
package instancetype

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/eks-platform/eks-platform/internal/spelling"
)

// Arch is a processor architecture as EC2 spells it.
type Arch string

// The architectures that EKS has Linux AMIs for. The table has others too (i386, x86_64_mac, arm64_mac).
const (
	X86 Arch = "x86_64"
	Arm Arch = "arm64"
)

// Type is an EC2 instance type.
type Type struct {
	// Name is the type's name, for example m7g.large.
	Name string
	// VCPUs is the number of virtual CPUs.
	VCPUs int
	// MemoryMiB is the memory in MiB.
	MemoryMiB int
	// Archs lists the architectures whose AMIs the type can run.
	Archs []Arch
	// GPUs counts NVIDIA GPUs. Other accelerators (AMD, Inferentia, Trainium) need other drivers and do not count.
	GPUs int
	// GPUModel is NVIDIA's name of them, for example A10G or T4 Tensor Core.
	GPUModel string
	// Neurons counts Inferentia and Trainium devices.
	Neurons int
	// Disks counts the instance's own disks, which are empty after every stop.
	Disks int
	// ENIs is the number of network interfaces of the default network card; 0 where neither source knows it.
	ENIs int
	// IPv4PerENI is the number of IPv4 addresses per network interface, the primary one included; 0 where unknown.
	IPv4PerENI int
	// Branches is the number of branch interfaces, each of which gives a pod security groups of its own; 0 for a type that
	// cannot have the trunk interface that they hang on.
	Branches int
	// Nitro reports whether the type stands on the Nitro system, which prefix delegation needs.
	Nitro bool
}

// Family returns the part of the name before the dot: m7g of m7g.large.
func (t Type) Family() string {
	family, _, _ := strings.Cut(t.Name, ".")
	return family
}

// Supports reports whether AMIs of an architecture run on the type.
func (t Type) Supports(a Arch) bool { return slices.Contains(t.Archs, a) }

//go:embed types.csv
var table string

// columns is the header of types.csv.
var columns = []string{"type", "vcpus", "memoryMiB", "archs", "gpus", "gpuModel", "neurons", "disks", "enis", "ipv4PerENI", "branches", "nitro"}

var types = sync.OnceValue(func() map[string]Type {
	all, err := parse(table)
	if err != nil {
		panic("instancetype: types.csv, which is part of this binary, does not parse: " + err.Error())
	}
	return all
})

func parse(text string) (map[string]Type, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("the header is not %s", strings.Join(columns, ","))
	}
	all := make(map[string]Type, len(rows))
	for _, row := range rows[1:] {
		t := Type{Name: row[0], GPUModel: row[5], Nitro: row[11] == "true"}
		for _, a := range strings.Fields(row[3]) {
			t.Archs = append(t.Archs, Arch(a))
		}
		for column, into := range map[int]*int{
			1: &t.VCPUs, 2: &t.MemoryMiB, 4: &t.GPUs, 6: &t.Neurons, 7: &t.Disks, 8: &t.ENIs, 9: &t.IPv4PerENI, 10: &t.Branches,
		} {
			if *into, err = strconv.Atoi(row[column]); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", t.Name, columns[column], err)
			}
		}
		all[t.Name] = t
	}
	return all, nil
}

// Lookup returns a type by its name. Without such a type in the table it returns false: mistyped, or newer than the
// table.
func Lookup(name string) (Type, bool) {
	t, ok := types()[name]
	return t, ok
}

// Nearest returns the name in the table that is spelt most like the given one, or "" when none is close enough to be
// what was meant.
func Nearest(name string) string {
	return spelling.Nearest(name, slices.Collect(maps.Keys(types())))
}
