//go:build ignore

// Generate writes types.csv from the files of the two modules that the package comment names:
//
//	go run generate.go .../ec2-instances-info@.../data/instances.json .../amazon-vpc-cni-k8s@.../pkg/vpc/vpc_ip_resource_limit.go \
//		.../amazon-vpc-resource-controller-k8s@.../pkg/aws/vpc/limits.go > types.csv
package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type instance struct {
	Name     string   `json:"instance_type"`
	VCPUs    int      `json:"vCPU"`
	MemoryGB float64  `json:"memory"`
	Archs    []string `json:"arch"`
	GPUs     int      `json:"GPU"`
	GPUModel string   `json:"GPU_model"`
	Storage  *struct {
		Disks int `json:"devices"`
	} `json:"storage"`
	VPC *struct {
		ENIs int `json:"max_enis"`
		IPs  int `json:"ips_per_eni"`
	} `json:"vpc"`
}

type limits struct {
	enis, ips, branches int
	nitro, trunk        bool
}

// xen lists the families without limits in the CNI's file that are not on the Nitro system
// (https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-nitro-instances.html lists those that are).
var xen = []string{"cc2", "g2", "g3", "g3s", "i2", "p2"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: go run generate.go INSTANCES.JSON VPC_IP_RESOURCE_LIMIT.GO LIMITS.GO")
	}
	var instances []instance
	raw, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(raw, &instances)
	}
	if err != nil {
		log.Fatal(err)
	}
	cni, err := readLimits(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	controller, err := readLimits(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	slices.SortFunc(instances, func(a, b instance) int { return strings.Compare(a.Name, b.Name) })
	out := csv.NewWriter(os.Stdout)
	out.Write([]string{"type", "vcpus", "memoryMiB", "archs", "gpus", "gpuModel", "neurons", "disks", "enis", "ipv4PerENI", "branches", "nitro"})
	for _, i := range instances {
		l, ok := cni[i.Name]
		if !ok {
			family, _, _ := strings.Cut(i.Name, ".")
			l.nitro = !slices.Contains(xen, family)
			if i.VPC != nil {
				l.enis, l.ips = i.VPC.ENIs, i.VPC.IPs
			}
		}
		gpus, neurons, disks, branches, model := 0, 0, 0, 0, ""
		if name, ok := strings.CutPrefix(i.GPUModel, "NVIDIA "); ok {
			gpus, model = i.GPUs, name
		} else if strings.HasPrefix(i.GPUModel, "AWS ") || strings.HasPrefix(i.Name, "trn") || strings.HasPrefix(i.Name, "inf") {
			neurons = i.GPUs
		}
		if i.Storage != nil {
			disks = i.Storage.Disks
		}
		if c := controller[i.Name]; c.trunk {
			branches = c.branches
		}
		out.Write([]string{
			i.Name, strconv.Itoa(i.VCPUs), strconv.Itoa(int(math.Round(i.MemoryGB * 1024))), strings.Join(i.Archs, " "),
			strconv.Itoa(gpus), model, strconv.Itoa(neurons), strconv.Itoa(disks), strconv.Itoa(l.enis), strconv.Itoa(l.ips),
			strconv.Itoa(branches), strconv.FormatBool(l.nitro),
		})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		log.Fatal(err)
	}
}

var (
	entry = regexp.MustCompile(`(?m)^\t"([^"]+)": \{\n((?:\t\t.*\n|\n)+)\t\},`)
	field = regexp.MustCompile(`(?m)^\t\t(ENILimit|IPv4Limit|HypervisorType|IsBareMetal|IsTrunkingCompatible|BranchInterface): +(.+),$`)
)

func readLimits(path string) (map[string]limits, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]limits{}
	for _, e := range entry.FindAllStringSubmatch(string(raw), -1) {
		var l limits
		for _, f := range field.FindAllStringSubmatch(e[2], -1) {
			switch f[1] {
			case "ENILimit":
				l.enis, err = strconv.Atoi(f[2])
			case "IPv4Limit":
				l.ips, err = strconv.Atoi(f[2])
			case "IsTrunkingCompatible":
				l.trunk = f[2] == "true"
			case "BranchInterface":
				l.branches, err = strconv.Atoi(f[2])
			case "HypervisorType":
				l.nitro = l.nitro || f[2] == `"nitro"`
			case "IsBareMetal": // bare metal has no hypervisor, and stands on Nitro cards
				l.nitro = l.nitro || f[2] == "true"
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", e[1], f[1], err)
			}
		}
		out[e[1]] = l
	}
	if len(out) < 1000 {
		return nil, fmt.Errorf("%s: found %d types, which is too few to be the whole file", path, len(out))
	}
	return out, nil
}
