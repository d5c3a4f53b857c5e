import { Link } from "@tanstack/react-router";

import { CodeSnippet } from "@/components/ui/code-snippet";
import { Icon } from "@/components/ui/icon";
import { Panel } from "@/components/ui/panel";
import { paths } from "@/config/paths";
import { checklistSteps } from "@/features/overview/model";
import { useWorkspace } from "@/lib/workspace";
import type { Checklist } from "@/schema/wire/overview";

import styles from "./overview.module.css";

/** The first five steps; each ticks itself off when the server sees it happen. */
export function ChecklistPanel({ checklist }: { readonly checklist: Checklist }) {
  const { slug } = useWorkspace();
  const steps = checklistSteps(checklist, window.location.origin, slug);
  const done = steps.filter((step) => step.done).length;
  return (
    <Panel title="Get going" aside={`${done} of ${steps.length} done`}>
      <ol className={styles["steps"]}>
        {steps.map((step, index) => (
          <li key={step.title} className={styles["step"]} data-done={step.done}>
            <span className={styles["stepTitle"]}>
              <span className={styles["stepMark"]} aria-hidden="true">
                {step.done ? <Icon name="check" size={12} /> : index + 1}
              </span>
              {step.title}
              {step.done && <span className="visually-hidden">(done)</span>}
            </span>
            {!step.done && (
              <>
                <p className={styles["stepHint"]}>{step.hint}</p>
                {step.code === null ? (
                  <Link to={paths.settings} params={{ workspace: slug }} search={{ tab: "keys" }} className="link">
                    Open API keys
                  </Link>
                ) : (
                  <CodeSnippet code={step.code} />
                )}
              </>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
