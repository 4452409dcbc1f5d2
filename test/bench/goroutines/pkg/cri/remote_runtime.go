// Package cri calls a container runtime that never answers.
package cri

import "context"

// RemoteRuntimeService is the client.
type RemoteRuntimeService struct{ Answers chan string }

//go:noinline
func (r *RemoteRuntimeService) PodSandboxStatus(ctx context.Context, id string) string {
	return r.invoke(ctx, "/runtime.v1.RuntimeService/PodSandboxStatus", id)
}

//go:noinline
func (r *RemoteRuntimeService) StopContainer(ctx context.Context, id string) string {
	return r.invoke(ctx, "/runtime.v1.RuntimeService/StopContainer", id)
}

//go:noinline
func (r *RemoteRuntimeService) invoke(ctx context.Context, method, id string) string {
	select {
	case answer := <-r.Answers:
		return method + id + answer
	case <-ctx.Done():
		return ""
	}
}
