import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef0ff",
  "#e0e3ff",
  "#c7ccfe",
  "#a5abfc",
  "#8186f8",
  "#6366f1",
  "#4f46e5",
  "#4338ca",
  "#3730a3",
  "#312e81",
];

const dark: MantineColorsTuple = [
  "#e6e9f0",
  "#c3cad7",
  "#9aa4b5",
  "#6b7484",
  "#364055",
  "#232937",
  "#171c27",
  "#0f1219",
  "#0b0e14",
  "#07090d",
];

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 6, dark: 6 },
  colors: { indigo, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, Menlo, Consolas, monospace',
  defaultRadius: 6,
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "20px", lineHeight: "28px" } } },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" }, styles: { root: { fontWeight: 500, fontSize: 13, height: 30 } } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    TextInput: { defaultProps: { size: "xs" }, styles: { input: { fontSize: 13 } } },
    NumberInput: { defaultProps: { size: "xs" }, styles: { input: { fontSize: 13 } } },
    PasswordInput: { defaultProps: { size: "xs" }, styles: { input: { fontSize: 13 } } },
    Textarea: { defaultProps: { size: "xs" }, styles: { input: { fontSize: 13 } } },
    NativeSelect: { defaultProps: { size: "xs" }, styles: { input: { fontSize: 13 } } },
    Select: { defaultProps: { size: "xs", checkIconPosition: "right" }, styles: { input: { fontSize: 13 } } },
    MultiSelect: { defaultProps: { size: "xs" } },
    // The placeholder that Mantine would give the focus to is nothing a menu may hold; the first item gets it.
    Menu: { defaultProps: { shadow: "md", position: "bottom-start", offset: 4, withInitialFocusPlaceholder: false } },
    Popover: { defaultProps: { shadow: "md", position: "bottom-end", offset: 4 } },
    Modal: {
      defaultProps: {
        centered: false,
        overlayProps: { backgroundOpacity: 0.35 },
        radius: 8,
        padding: 20,
        closeButtonProps: { "aria-label": "Close" },
      },
      styles: { title: { fontSize: 16, lineHeight: "22px", fontWeight: 600 } },
    },
    Tooltip: { defaultProps: { openDelay: 250, fz: 12 } },
    // Two pixels below the text beside them, as Mantine has it, they could hardly be read.
    InputWrapper: { styles: { description: { fontSize: 12, lineHeight: "16px" }, error: { fontSize: 12, lineHeight: "16px" } } },
    Switch: { defaultProps: { size: "xs" } },
  },
});

/** Mantine's own surfaces take our tokens, so that one file decides every grey. */
export const cssVariables: CSSVariablesResolver = () => {
  const ours = {
    "--mantine-color-body": "var(--bg)",
    "--mantine-color-text": "var(--text)",
    "--mantine-color-dimmed": "var(--text-muted)",
    "--mantine-color-placeholder": "var(--text-faint)",
    "--mantine-color-default": "var(--bg-raised)",
    "--mantine-color-default-hover": "var(--bg-hover)",
    "--mantine-color-default-color": "var(--text)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-error": "var(--danger-text)",
    "--mantine-shadow-md": "var(--shadow)",
  };
  return { variables: {}, light: ours, dark: { ...ours, "--mantine-color-anchor": "var(--accent-text)" } };
};
