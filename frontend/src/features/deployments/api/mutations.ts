import { request, workspaceUrl } from "@/lib/api-client";
import type { Deployment, DeploymentChange, RunCopyInput, RunInput, Schedule, ScheduleChange, ScheduleInput } from "@/schema/wire/deployments";
import type { Run } from "@/schema/wire/runs";

export function startRun(workspace: string, deploymentId: string, body: RunInput, idempotencyKey: string): Promise<Run> {
  return request<Run>(workspaceUrl(workspace, `/deployments/${deploymentId}/runs`), { method: "POST", body, idempotencyKey });
}

/** The run once more, as a new one; what is left out is as it was. */
export function copyRun(workspace: string, runId: string, body: RunCopyInput, idempotencyKey: string): Promise<Run> {
  return request<Run>(workspaceUrl(workspace, `/runs/${runId}/copy`), { method: "POST", body, idempotencyKey });
}

export function changeDeployment(workspace: string, id: string, body: DeploymentChange): Promise<Deployment> {
  return request<Deployment>(workspaceUrl(workspace, `/deployments/${id}`), { method: "PATCH", body });
}

export function deleteDeployment(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/deployments/${id}`), { method: "DELETE" });
}

export function addSchedule(workspace: string, deploymentId: string, body: ScheduleInput, idempotencyKey: string): Promise<Schedule> {
  return request<Schedule>(workspaceUrl(workspace, `/deployments/${deploymentId}/schedules`), { method: "POST", body, idempotencyKey });
}

export function changeSchedule(workspace: string, id: string, body: ScheduleChange): Promise<Schedule> {
  return request<Schedule>(workspaceUrl(workspace, `/schedules/${id}`), { method: "PATCH", body });
}

export function deleteSchedule(workspace: string, id: string): Promise<null> {
  return request<null>(workspaceUrl(workspace, `/schedules/${id}`), { method: "DELETE" });
}

/** Deploys the words of an earlier version once more. */
export function rollBack(workspace: string, id: string, number: number): Promise<Deployment> {
  return request<Deployment>(workspaceUrl(workspace, `/deployments/${id}/rollback`), { method: "POST", body: { number } });
}
