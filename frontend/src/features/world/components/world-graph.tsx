import { ActionIcon } from "@mantine/core";
import { useEffect, useEffectEvent, useLayoutEffect, useMemo, useRef, useState } from "react";

import { Icon } from "@/components/ui/icon";
import { KindIcon } from "@/features/world/components/kind-icon";
import { layOut, NODE_HEIGHT, NODE_WIDTH } from "@/features/world/layout";
import { namesOf, roleWord, type Merged } from "@/features/world/model";
import { plural } from "@/lib/units";

import styles from "./world.module.css";

interface WorldGraphProps {
  readonly graph: Merged;
  readonly focus: string;
  readonly stale: boolean;
  readonly truncated: boolean;
  /** Said when there is nothing but what is looked at. */
  readonly alone: string;
  readonly onFocus: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

const LEAST_SCALE = 0.3;
/** Below, names cannot be read: on a phone the graph is moved rather than seen whole. */
const LEGIBLE_SCALE = 0.65;
const MOST_SCALE = 1.6;
const STEP = 1.2;

/** Left to right as data flows. Pressing a thing looks from there; a number shows what is not drawn. */
export function WorldGraph({ graph, focus, stale, truncated, alone, onFocus, onOpen }: WorldGraphProps) {
  const layout = useMemo(() => layOut(graph.nodes, graph.lines), [graph]);
  const scroller = useRef<HTMLDivElement>(null);
  const [scale, setScale] = useState(1);
  const [lit, setLit] = useState<string | null>(null);
  const drag = useRef<{ x: number; y: number; left: number; top: number } | null>(null);

  const fit = (least: number) => {
    const element = scroller.current;
    if (element === null || layout.width === 0) return;
    const wanted = Math.min(element.clientWidth / layout.width, element.clientHeight / layout.height, 1);
    setScale(Math.max(wanted, least));
  };
  const begin = useEffectEvent(() => fit(LEGIBLE_SCALE));
  useLayoutEffect(() => begin(), [layout.width, layout.height]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    // What is looked at stands in the middle.
    const place = layout.placed.find((each) => each.node.id === focus);
    if (place === undefined) return;
    element.scrollLeft = (place.x + NODE_WIDTH / 2) * scale - element.clientWidth / 2;
    element.scrollTop = (place.y + NODE_HEIGHT / 2) * scale - element.clientHeight / 2;
  }, [layout, focus, scale]);

  const labels = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node.label])), [graph]);
  return (
    <section className={styles["stage"]} aria-label="Graph">
      <div
        ref={scroller}
        className={styles["scroll"]}
        data-stale={stale}
        onPointerDown={(event) => {
          const element = scroller.current;
          if (element === null || event.button !== 0 || (event.target as Element).closest("button") !== null) return;
          drag.current = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop };
          element.dataset["dragging"] = "";
        }}
        onPointerMove={(event) => {
          const element = scroller.current;
          if (element === null || drag.current === null) return;
          element.scrollLeft = drag.current.left - (event.clientX - drag.current.x);
          element.scrollTop = drag.current.top - (event.clientY - drag.current.y);
        }}
        onPointerUp={() => endDrag(drag, scroller.current)}
        onPointerLeave={() => endDrag(drag, scroller.current)}
      >
        <div className={styles["room"]}>
          <div style={{ width: layout.width * scale, height: layout.height * scale }}>
            <div className={styles["canvas"]} style={{ width: layout.width, height: layout.height, transform: `scale(${scale})` }}>
              <svg className={styles["lines"]} width={layout.width} height={layout.height} aria-hidden="true">
                <defs>
                  <marker id="world-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
                    <path d="M0 0.5 7.5 4 0 7.5Z" fill="var(--line-strong)" />
                  </marker>
                </defs>
                {layout.drawn.map(({ line, path }) => {
                  const touched = lit === line.source_id || lit === line.target_id;
                  return (
                    <path
                      key={`${line.source_id} ${line.role} ${line.target_id}`}
                      d={path}
                      className={styles["line"]}
                      data-flows={line.flows}
                      data-lit={touched || undefined}
                      data-dim={(lit !== null && !touched) || undefined}
                      markerEnd={line.flows ? "url(#world-arrow)" : undefined}
                    >
                      <title>{`${labels.get(line.source_id) ?? ""} → ${labels.get(line.target_id) ?? ""}: ${roleWord(line.role)}, ${plural(line.count, "time")}`}</title>
                    </path>
                  );
                })}
              </svg>
              {layout.placed.map(({ node, x, y }) => {
                const { short, under } = namesOf(node);
                return (
                  <div key={node.id}>
                    <button
                      type="button"
                      className={styles["node"]}
                      style={{ left: x, top: y, width: NODE_WIDTH, height: NODE_HEIGHT }}
                      data-focus={node.id === focus || undefined}
                      aria-current={node.id === focus || undefined}
                      title={node.label}
                      onClick={() => onFocus(node.id)}
                      onMouseEnter={() => setLit(node.id)}
                      onMouseLeave={() => setLit(null)}
                      onFocus={() => setLit(node.id)}
                      onBlur={() => setLit(null)}
                    >
                      {/* Its name is what is shown, with spaces between: "Table orders shop.raw". */}
                      <KindIcon kind={node.kind} />{" "}
                      <span className={styles["words"]}>
                        <span className={styles["short"]}>{short}</span>{" "}
                        {under !== "" && <span className={styles["under"]}>{under}</span>}
                      </span>
                    </button>
                    {node.more_up > 0 && (
                      <button
                        type="button"
                        className={styles["more"]}
                        style={{ left: x - 18, top: y - 9 }}
                        aria-label={`Show ${plural(node.more_up, "more source")} of ${node.label}`}
                        onClick={() => onOpen(node.id)}
                      >
                        +{node.more_up}
                      </button>
                    )}
                    {node.more_down > 0 && (
                      <button
                        type="button"
                        className={styles["more"]}
                        style={{ left: x + NODE_WIDTH - 18, top: y - 9 }}
                        aria-label={`Show ${node.more_down} more that depend on ${node.label}`}
                        onClick={() => onOpen(node.id)}
                      >
                        +{node.more_down}
                      </button>
                    )}
                  </div>
                );
              })}
            </div>
          </div>
        </div>
      </div>
      {layout.placed.length === 1 && <p className={styles["note"]}>{alone}</p>}
      {truncated && <p className={styles["note"]}>There is more than can be drawn at once: look from somewhere nearer, or less deep.</p>}
      <div className={styles["zoom"]}>
        <ActionIcon aria-label="Smaller" onClick={() => setScale((now) => Math.max(now / STEP, LEAST_SCALE))}>
          <Icon name="minus" size={14} />
        </ActionIcon>
        <ActionIcon aria-label="Fit" onClick={() => fit(LEAST_SCALE)}>
          <Icon name="fit" size={14} />
        </ActionIcon>
        <ActionIcon aria-label="Larger" onClick={() => setScale((now) => Math.min(now * STEP, MOST_SCALE))}>
          <Icon name="plus" size={14} />
        </ActionIcon>
      </div>
    </section>
  );
}

function endDrag(drag: { current: unknown }, element: HTMLElement | null): void {
  drag.current = null;
  if (element !== null) delete element.dataset["dragging"];
}
