package eks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// errMixedTypes is the component's answer to Arm and x86 instance types in one group without an AMI type.
var errMixedTypes = errors.New("Cannot determine architecture of instance types. The provided instance types do not " + //nolint:staticcheck // verbatim
	"share a common architecture")

// launchTemplate registers the launch template that kubeletExtraArgs, bootstrapExtraArgs and enableIMDSv2 ask for.
func (b *builder) launchTemplate() (*ec2.LaunchTemplate, error) {
	args := &ec2.LaunchTemplateArgs{}
	if size := b.args.DiskSize; size != nil && size != pulumi.Int(0) {
		args.BlockDeviceMappings = ec2.LaunchTemplateBlockDeviceMappingArray{ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String("/dev/xvda"),
			Ebs:        ec2.LaunchTemplateBlockDeviceMappingEbsArgs{VolumeSize: size},
		}}
	}
	if b.args.wantsUserData() {
		args.UserData = b.userData()
		args.ImageId = b.recommendedImage()
	}
	if b.args.EnableIMDSv2 != nil && *b.args.EnableIMDSv2 {
		args.MetadataOptions = ec2.LaunchTemplateMetadataOptionsArgs{
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(2),
			HttpEndpoint:            pulumi.String("enabled"),
		}
	}
	return ec2.NewLaunchTemplate(b.ctx, b.name+"-launchTemplate", args, b.opts()...)
}

// userData returns the base64 script that starts an Amazon Linux 2 node with the extra arguments.
func (b *builder) userData() pulumi.StringOutput {
	extra := ""
	if s := text(b.args.BootstrapExtraArgs); s != "" {
		extra = " " + s
	}
	if s := text(b.args.KubeletExtraArgs); s != "" {
		// The component quotes the kubelet's arguments only when there are several.
		if strings.Contains(s, " ") {
			s = "'" + s + "'"
		}
		extra += " --kubelet-extra-args " + s
	}
	cluster := b.args.Cluster
	parts := []any{cluster.Name(), cluster.Endpoint(), cluster.CertificateAuthority().Data()}
	if b.args.ClusterName != nil {
		parts = append(parts, b.args.ClusterName.ToStringPtrOutput())
	}
	return pulumi.All(parts...).ApplyT(func(v []any) string {
		name := v[0].(string)
		if len(v) == 4 && text(v[3].(*string)) != "" {
			name = *v[3].(*string)
		}
		script := fmt.Sprintf(`MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="==MYBOUNDARY=="

--==MYBOUNDARY==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash

/etc/eks/bootstrap.sh --apiserver-endpoint "%s" --b64-cluster-ca "%s" "%s"%s
--==MYBOUNDARY==--`, v[1], text(v[2].(*string)), name, extra)
		return base64.StdEncoding.EncodeToString([]byte(script))
	}).(pulumi.StringOutput)
}

// recommendedImage asks Systems Manager for the image of the cluster's version and the group's AMI type.
func (b *builder) recommendedImage() pulumi.StringOutput {
	var version pulumi.Input = b.args.Cluster.Version()
	if v := b.args.Version; v != nil && v != pulumi.String("") {
		version = v.ToStringPtrOutput().Elem()
	}
	return pulumi.All(version, b.image()).ApplyT(func(v []any) (string, error) {
		request := map[string]any{
			"name": fmt.Sprintf("/aws/service/eks/optimized-ami/%s/%s/recommended/image_id", v...),
		}
		var answer struct {
			Value string `pulumi:"value"`
		}
		err := b.ctx.Invoke("aws:ssm/getParameter:getParameter", request, &answer,
			pulumi.Parent(b.parent), pulumi.Version(awsVersion))
		return answer.Value, err
	}).(pulumi.StringOutput)
}

// image returns the kind of image that the template's user data is written for; none without user data. It fails when
// the instance types do not say.
func (b *builder) image() pulumi.StringOutput {
	switch {
	case !b.args.wantsUserData():
		return pulumi.String("").ToStringOutput()
	case b.args.AmiType != nil:
		return b.args.AmiType.ToStringPtrOutput().Elem()
	case b.args.InstanceTypes != nil:
		return b.args.InstanceTypes.ToStringArrayOutput().ApplyT(imageOf).(pulumi.StringOutput)
	default:
		return pulumi.String("amazon-linux-2").ToStringOutput()
	}
}

// instanceType takes an instance type apart; the third group is the processor, "g" for Arm.
var instanceType = regexp.MustCompile(`([a-z]+)([0-9]+)([a-z])?-?([a-z]+)?\.([a-zA-Z0-9-]+)`)

// imageOf returns the kind of Amazon Linux 2 image that instance types need.
func imageOf(instanceTypes []string) (string, error) {
	arm, x86 := false, false
	for _, t := range instanceTypes {
		m := instanceType.FindStringSubmatch(t)
		if m == nil {
			return "", fmt.Errorf("Invalid EC2 instance type: %s", t) //nolint:staticcheck // verbatim
		}
		arm, x86 = arm || m[3] == "g", x86 || m[3] != "g"
	}
	switch {
	case arm && x86:
		return "", errMixedTypes
	case arm:
		return "amazon-linux-2-arm64", nil
	default:
		return "amazon-linux-2", nil
	}
}

// decimal writes a launch template's version as EKS wants it.
func decimal(version int) string { return strconv.Itoa(version) }
