import type { StateType } from "@/lib/run-state";

import type { Approval } from "./approvals";
import type { Schema } from "./schema";

export type Ref = Schema<"NamedOutput">;
export type RunSource = Schema<"RunSourceEnum">;
export type RunPool = Schema<"RunPoolOutput">;
export type RunRow = Schema<"RunRowOutput">;
export type Run = Schema<"RunOutput">;
export type RunDetail = Omit<Schema<"RunDetailOutput">, "approvals"> & { readonly approvals: readonly Approval[] };
export type RunChange = Schema<"PatchedRunChangeRequest">;
export type RetryFrom = Schema<"RetryInputRequest">["from"];
export type RunError = Schema<"ErrorInfoOutput">;
export type RunCause = Schema<"CauseInfoOutput">;
export type Transition = Schema<"TransitionOutput">;
export type RunHistogram = Schema<"RunHistogramOutput">;
export type LogLine = Schema<"LogLineOutput">;
export type LogLevel = LogLine["level"];
export type RunMetric = Schema<"RunMetricOutput">;

/** Counts by state type; a type that did not occur is not there. */
export type StateCounts = Readonly<Partial<Record<StateType, number>>>;

/** One row per task run, one array per column: 100,000 rows decode in one go and draw without objects. */
export type TimelinePage = Schema<"TimelineOutput">;
export type Around = Schema<"AroundOutput">;
export type AroundItem = Schema<"AroundItemOutput">;
export type RunImpact = Schema<"RunImpactOutput">;
export type LogSearchPage = Schema<"LogSearchPage">;
export type RunOfLine = Schema<"RunOfLineOutput">;
export type LogContext = Schema<"LogContextOutput">;
export type LogVolume = Schema<"LogVolumeOutput">;
