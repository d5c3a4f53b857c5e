/** Why it didn’t work, below the fields. */
export function FormError({ children }: { readonly children: string }) {
  return (
    <p role="alert" style={{ margin: 0, color: "var(--danger-text)" }}>
      {children}
    </p>
  );
}
