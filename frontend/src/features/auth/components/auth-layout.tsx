import type { ReactNode } from "react";

import { Logo } from "@/components/layout/logo";

import styles from "./auth-layout.module.css";

interface AuthLayoutProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly footer?: ReactNode;
}

export function AuthLayout({ title, children, footer }: AuthLayoutProps) {
  return (
    <main className={styles["page"]}>
      <div className={styles["card"]}>
        <Logo />
        <h1 className={styles["title"]}>{title}</h1>
        {children}
      </div>
      {footer !== undefined && <p className={styles["footer"]}>{footer}</p>}
    </main>
  );
}
