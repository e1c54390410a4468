package aws

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/eks-platform/eks-platform/internal/iamdoc"
)

// engineLog is an engine's log.
type engineLog struct {
	pulumirpc.UnimplementedEngineServer
	mu    sync.Mutex
	lines []string
}

func (l *engineLog) Log(_ context.Context, r *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.GetSeverity().String()+" "+resource.URN(r.GetUrn()).Name()+": "+r.GetMessage())
	return &emptypb.Empty{}, nil
}

// taken returns what has been logged since it was called last.
func (l *engineLog) taken() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.lines
	l.lines = nil
	return out
}

// attach gives the world an engine to warn.
func (w *world) attach() *engineLog {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	log, server := &engineLog{}, grpc.NewServer()
	pulumirpc.RegisterEngineServer(server, log)
	go func() { _ = server.Serve(l) }()
	w.t.Cleanup(server.Stop)
	_, err = w.p.Attach(context.Background(), &pulumirpc.PluginAttach{Address: l.Addr().String()})
	require.NoError(w.t, err)
	return log
}

func TestARoleWhoseConditionsDoNotFitThePodsIsTakenWithAWarning(t *testing.T) {
	t.Parallel()
	arn := "arn:aws:eks:eu-west-1:111122223333:cluster/nonprod"
	for _, tc := range []struct {
		name, want string
		conditions map[string]map[string][]string
	}{
		{name: "no conditions"},
		{name: "all of them", conditions: map[string]map[string][]string{
			"StringEquals": {
				"aws:RequestTag/eks-cluster-arn": {arn}, "aws:requesttag/kubernetes-namespace": {"stg", "apps"},
				"aws:RequestTag/kubernetes-service-account": {"web"}, "aws:SourceAccount": {testAccount},
			},
			"ArnEquals": {"aws:SourceArn": {arn}},
		}},
		{name: "a pattern", conditions: map[string]map[string][]string{"StringLike": {"aws:RequestTag/kubernetes-namespace": {"a*"}}}},
		{name: "a key that is not known here", conditions: map[string]map[string][]string{"StringEquals": {"aws:PrincipalOrgID": {"o-1"}}}},
		{
			name: "another cluster", want: "StringEquals aws:RequestTag/eks-cluster-arn is arn:aws:eks:eu-west-1:111122223333:cluster/prod, not " + arn,
			conditions: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/eks-cluster-arn": {"arn:aws:eks:eu-west-1:111122223333:cluster/prod"}}},
		},
		{
			name: "another namespace", want: "aws:RequestTag/kubernetes-namespace is stg, not apps",
			conditions: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/kubernetes-namespace": {"stg"}}},
		},
		{
			name: "a pattern taken literally", want: "aws:RequestTag/kubernetes-namespace is a*, not apps",
			conditions: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/kubernetes-namespace": {"a*"}}},
		},
		{
			name: "another service account", want: "aws:RequestTag/kubernetes-service-account is api, not web",
			conditions: map[string]map[string][]string{"StringEquals": {"aws:RequestTag/kubernetes-service-account": {"api"}}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cluster(w.network())
			log := w.attach()
			trust := iamdoc.PodIdentityTrust()
			trust.Statements[0].Conditions = tc.conditions
			role := w.role("pods", trust)
			w.make(podAssociationType, m{"clusterName": "nonprod", "namespace": "apps", "serviceAccount": "web", "roleArn": role.text("arn")})
			got := log.taken()
			if tc.want == "" {
				assert.Empty(t, got)
				return
			}
			require.Len(t, got, 1)
			assert.Contains(t, got[0], "WARNING it: the pods of service account apps/web get no credentials")
			assert.Contains(t, got[0], tc.want)
		})
	}
}

func TestAnAddonsIdentityAndAChangedRoleAreWarnedAboutToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.cluster(w.network())
	log := w.attach()
	trust := iamdoc.PodIdentityTrust()
	trust.Statements[0].Conditions = map[string]map[string][]string{"StringEquals": {"aws:RequestTag/kubernetes-service-account": {"ebs-csi-controller-sa"}}}
	narrow, wide := w.role("ebs", trust), w.role("any", iamdoc.PodIdentityTrust())
	w.make(addonType, m{
		"clusterName": "nonprod", "addonName": "vpc-cni", "podIdentityAssociations": list(m{"serviceAccount": "aws-node", "roleArn": narrow.text("arn")}),
	})
	require.Len(t, log.taken(), 1)
	a := w.make(podAssociationType, m{"clusterName": "nonprod", "namespace": "apps", "serviceAccount": "web", "roleArn": wide.text("arn")})
	require.Empty(t, log.taken())
	_, err := w.change(a, m{"roleArn": narrow.text("arn")})
	require.NoError(t, err)
	assert.Len(t, log.taken(), 1)
}
