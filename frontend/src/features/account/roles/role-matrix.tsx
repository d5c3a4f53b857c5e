import { Fragment } from "react";

import { Icon } from "@/components/ui/icon";
import { scopeGroups } from "@/features/account/model";
import { plural } from "@/lib/units";
import type { RoleList } from "@/schema/wire/account";

import styles from "./roles.module.css";

interface RoleMatrixProps {
  readonly roles: RoleList;
  readonly chosen: string | undefined;
  readonly onOpen: (key: string) => void;
}

/** Scopes down, roles across. Where there is no room for it, the roles stand as cards. */
export function RoleMatrix({ roles, chosen, onOpen }: RoleMatrixProps) {
  const { items } = roles;
  return (
    <>
      <ul className={styles["cards"]} aria-label="Roles">
        {items.map((role) => (
          <li key={role.key}>
            <button type="button" className={styles["card"]} aria-pressed={role.key === chosen} onClick={() => onOpen(role.key)}>
              <strong>{role.name}</strong>
              <span className={styles["about"]}>{role.description === "" ? `Based on ${role.based_on?.toLowerCase() ?? "nothing"}` : role.description}</span>
              <span className={styles["facts"]}>
                {plural(role.scopes.length, "scope")} · {role.built_in ? "built in" : diffWords(role.adds.length, role.lacks.length, role.based_on)} · {role.used_by === 0 ? "given to nobody" : `given ${plural(role.used_by, "time")}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <div className={styles["scroll"]} tabIndex={0} role="region" aria-label="Scopes of each role">
        <table className={styles["matrix"]}>
          <thead>
            <tr>
              <th scope="col">Scope</th>
              {items.map((role) => (
                <th key={role.key} scope="col" data-chosen={role.key === chosen || undefined}>
                  <button type="button" className={styles["head"]} onClick={() => onOpen(role.key)}>
                    {role.name}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {scopeGroups(roles).map(({ group, scopes }) => (
              <Fragment key={group}>
                <tr className={styles["group"]}>
                  <th scope="colgroup" colSpan={items.length + 1}>
                    {group}
                  </th>
                </tr>
                {scopes.map(({ scope, description }) => (
                  <tr key={scope}>
                    <th scope="row">
                      <span className="mono">{scope}</span>
                      <span className={styles["about"]}>{description}</span>
                    </th>
                    {items.map((role) => (
                      <td key={role.key} data-chosen={role.key === chosen || undefined} data-diff={role.adds.includes(scope) ? "adds" : role.lacks.includes(scope) ? "lacks" : undefined}>
                        {role.scopes.includes(scope) ? (
                          <>
                            <Icon name={role.adds.includes(scope) ? "plus" : "check"} size={15} />
                            <span className="visually-hidden">{role.adds.includes(scope) ? "yes, added" : "yes"}</span>
                          </>
                        ) : (
                          <>
                            {role.lacks.includes(scope) && <Icon name="minus" size={15} />}
                            <span className="visually-hidden">{role.lacks.includes(scope) ? "no, taken away" : "no"}</span>
                          </>
                        )}
                      </td>
                    ))}
                  </tr>
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function diffWords(adds: number, lacks: number, base: string | null): string {
  const parts = [...(adds > 0 ? [`+${adds}`] : []), ...(lacks > 0 ? [`−${lacks}`] : [])];
  const against = base?.toLowerCase() ?? "its base";
  return parts.length === 0 ? `as ${against}` : `${against} ${parts.join(" ")}`;
}
