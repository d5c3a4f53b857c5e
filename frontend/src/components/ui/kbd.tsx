export function Kbd({ children }: { readonly children: string }) {
  return (
    <kbd
      style={{
        font: "11px/16px var(--sans)",
        padding: "0 5px",
        minWidth: 18,
        textAlign: "center",
        border: "1px solid var(--line-strong)",
        borderRadius: 4,
        color: "var(--text-muted)",
        background: "var(--bg)",
        display: "inline-block",
      }}
    >
      {children}
    </kbd>
  );
}
