export function Logo({ compact = false }: { readonly compact?: boolean }) {
  return (
    <span style={{ display: "inline-flex", alignItems: "center", gap: 9, fontWeight: 660, fontSize: 15, letterSpacing: "-0.01em" }}>
      <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#4f46e5" />
        <path d="M9 8v16M9 16h9M18 11l5 5-5 5" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      {!compact && "Headway"}
    </span>
  );
}
