export interface Queue {
  readonly id: string;
  readonly name: string;
  readonly priority: number;
  readonly paused: boolean;
  readonly queued: number;
}

export interface Pool {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly paused: boolean;
  readonly queues: readonly Queue[];
  readonly running: number;
  readonly queued: number;
  readonly agents_online: number;
}

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly capacity: number;
  readonly running: number;
  readonly last_seen_at: string;
  readonly online: boolean;
}
