import type { DashboardPanel } from "@/schema/wire/dashboards";

interface FaultsListProps {
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly panels?: readonly DashboardPanel[];
}

/** What is wrong with a dashboard, each with its place, and the title of its panel. */
export function FaultsList({ fields, panels = [] }: FaultsListProps) {
  if (Object.keys(fields).length === 0) return null;
  return (
    <div role="alert">
      <strong>It cannot be drawn:</strong>
      <ul>
        {Object.entries(fields).map(([place, said]) => {
          const title = panels[Number(/^panels\.(\d+)\./.exec(place)?.[1] ?? -1)]?.title ?? "";
          return (
            <li key={place}>
              {title !== "" && `${title}, `}
              <span className="mono">{place}</span>: {said.join(" ")}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
