import { Skeleton } from "@mantine/core";

interface SkeletonRowsProps {
  readonly rows: number;
  readonly height?: number;
  readonly label: string;
}

/** The shape of the list to come. */
export function SkeletonRows({ rows, height = 36, label }: SkeletonRowsProps) {
  return (
    <div role="status" aria-label={`Loading ${label}`}>
      {Array.from({ length: rows }, (_, index) => (
        <div
          key={index}
          style={{ height, display: "flex", alignItems: "center", gap: 16, padding: "0 12px", borderBottom: "1px solid var(--line)" }}
        >
          <Skeleton height={10} width={14} circle />
          <Skeleton height={10} width={`${18 + ((index * 7) % 12)}%`} />
          <Skeleton height={10} width={`${10 + ((index * 5) % 9)}%`} />
          <Skeleton height={10} style={{ flex: 1 }} />
          <Skeleton height={10} width={64} />
        </div>
      ))}
    </div>
  );
}
