package bootstrap

import (
	"fmt"
	"slices"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
	"github.com/eks-platform/eks-platform/internal/region"
	"github.com/eks-platform/eks-platform/stacks"
)

// bucketARN is the ARN of the bucket, or of objects in it.
func (s *Site) bucketARN(objects string) string {
	arn := fmt.Sprintf("arn:%s:s3:::%s", s.partition(), s.Bucket)
	if objects == "" {
		return arn
	}
	return arn + "/" + objects
}

// bucketPolicy denies requests that do not use TLS 1.2 or later.
func (s *Site) bucketPolicy() iamdoc.Document {
	deny := func(sid, operator, key, value string) iamdoc.Statement {
		return iamdoc.Statement{
			Sid: sid, Deny: true, Principals: map[string][]string{"AWS": {"*"}}, Actions: []string{"s3:*"},
			Resources:  []string{s.bucketARN(""), s.bucketARN("*")},
			Conditions: map[string]map[string][]string{operator: {key: {value}}},
		}
	}
	return iamdoc.Document{Statements: []iamdoc.Statement{
		deny("TLSOnly", "Bool", "aws:SecureTransport", "false"),
		deny("TLS12", "NumericLessThan", "s3:TlsVersion", "1.2"),
	}}
}

// keyAdministration is what the account's IAM policies may allow with the key: administer it, but decrypt nothing
// (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html).
var keyAdministration = []string{
	"kms:CreateAlias", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
	"kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
	"kms:CancelKeyDeletion", "kms:RotateKeyOnDemand",
}

// keyPolicy lets the account's IAM policies allow two uses of the key: secrets of stacks, which always name their
// environment, and objects of the bucket, through S3. With a bucket key S3's encryption context is the bucket, without one
// the object (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html).
func (s *Site) keyPolicy() iamdoc.Document {
	account := map[string][]string{"AWS": {s.global("iam", "root")}}
	return iamdoc.Document{Statements: []iamdoc.Statement{
		{Sid: "Administration", Principals: account, Actions: keyAdministration, Resources: []string{"*"}},
		{
			Sid: "StackSecrets", Principals: account, Actions: []string{"kms:Decrypt", "kms:Encrypt"}, Resources: []string{"*"},
			Conditions: map[string]map[string][]string{"Null": {"kms:EncryptionContext:" + contextKey: {"false"}}},
		},
		{
			Sid: "StateObjects", Principals: account, Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"*"},
			Conditions: map[string]map[string][]string{
				"StringEquals": {"kms:ViaService": {s.viaS3()}},
				"StringLike":   {"kms:EncryptionContext:aws:s3:arn": {s.bucketARN(""), s.bucketARN("*")}},
			},
		},
	}}
}

func (s *Site) viaS3() string { return "s3." + s.Region + "." + region.DNSSuffix(s.Region) }

// objects returns the patterns of one stack's objects in the bucket: Pulumi's files
// (github.com/pulumi/pulumi/pkg/v3/backend/diy, layout 1) and the leases and records that are kept beside them.
func (s *Site) objects(stack string) []string {
	p := stacks.ProjectName + "/" + stack
	return []string{
		s.bucketARN(".pulumi/stacks/" + p + ".json*"),
		s.bucketARN(".pulumi/stacks/" + p + ".pulumi-tags"),
		s.bucketARN(".pulumi/locks/organization/" + p + "/*"),
		s.bucketARN(".pulumi/history/" + p + "/*"),
		s.bucketARN(".pulumi/backups/" + p + "/*"),
		s.bucketARN(".eks-platform/leases/" + p + ".json"),
		s.bucketARN(".eks-platform/leases/" + p + ".broken/*"),
		s.bucketARN(".eks-platform/history/" + p + "/*"),
	}
}

// statePolicy is what a role may do with state and secrets: read its own stack's, write them when it deploys, and read
// the checkpoint of the stack whose cluster it joins. Pulumi opens the secrets of that stack, too, before it reads any of
// its outputs (github.com/pulumi/pulumi/pkg/v3/resource/stack, DeserializeStackOutputs).
//
// Listing is not limited to prefixes: a request for one object carries none, and without the permission to list, S3 answers
// 403 for a missing object.
func (s *Site) statePolicy(e Environment, keyARN string, deploys bool) iamdoc.Document {
	own := s.objects(e.Name)
	read := append([]string{s.bucketARN(".pulumi/meta.yaml")}, own...)
	readable := []string{e.Name}
	if e.Owner != "" {
		read = append(read, s.bucketARN(".pulumi/stacks/"+stacks.ProjectName+"/"+e.Owner+".json*"))
		readable = append(readable, e.Owner)
	}
	context := func(stacks ...string) map[string]map[string][]string {
		return map[string]map[string][]string{"StringEquals": {"kms:EncryptionContext:" + contextKey: slices.Sorted(slices.Values(stacks))}}
	}
	object := []string{"kms:Decrypt"}
	if deploys {
		object = append(object, "kms:GenerateDataKey")
	}
	doc := iamdoc.Document{Statements: []iamdoc.Statement{
		{Sid: "List", Actions: []string{"s3:ListBucket"}, Resources: []string{s.bucketARN("")}},
		{Sid: "Read", Actions: []string{"s3:GetObject"}, Resources: read},
		{Sid: "Secrets", Actions: []string{"kms:Decrypt"}, Resources: []string{keyARN}, Conditions: context(readable...)},
		{
			Sid: "Objects", Actions: object, Resources: []string{keyARN},
			Conditions: map[string]map[string][]string{"StringEquals": {"kms:ViaService": {s.viaS3()}}},
		},
	}}
	if deploys {
		doc.Statements = append(doc.Statements,
			iamdoc.Statement{Sid: "Write", Actions: []string{"s3:DeleteObject", "s3:PutObject"}, Resources: own},
			iamdoc.Statement{Sid: "OwnSecrets", Actions: []string{"kms:Encrypt"}, Resources: []string{keyARN}, Conditions: context(e.Name)})
	}
	return doc
}
