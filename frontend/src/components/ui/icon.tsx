const PATHS = {
  home: "M4 11.2 12 4l8 7.2M6 9.6V20h12V9.6M10 20v-5.5h4V20",
  runs: "M5 4.5v15l13.5-7.5Z",
  deployments: "M12 3 4 7.2v9.6L12 21l8-4.2V7.2ZM4 7.2l8 4.3 8-4.3M12 11.5V21",
  events: "M3 12h4l3-8 4 16 3-8h4",
  metrics: "M4 4v16h16M8 15l4-5 3.5 3L20 7",
  dashboards: "M4 4h7v9H4ZM13 4h7v5h-7ZM13 11h7v9h-7ZM4 15h7v5H4Z",
  grip: "M9 6h.01M9 12h.01M9 18h.01M15 6h.01M15 12h.01M15 18h.01",
  world: "M6 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM6 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM18 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8.3 8l7.4 3.2M8.3 16l7.4-3.2",
  automations: "M13 3.5 5 13.5h6L10 20.5l8-10h-6Z",
  approvals: "M4 13.5h4.5a3.5 3.5 0 0 0 7 0H20M4 13.5 6.5 5h11l2.5 8.5V19H4ZM9.3 9l2 2 3.6-3.8",
  pools: "M4 5h16v5H4ZM4 14h16v5H4ZM7.5 7.5h.01M7.5 16.5h.01",
  usage: "M4.5 18.5a9 9 0 1 1 15 0M12 14.5l4-5M12 15.5a1 1 0 1 0 0-2 1 1 0 0 0 0 2Z",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.8v4.4M9 14.8v4.4",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.8-4.8",
  copy: "M9 9h11v11H9ZM15 9V4H4v11h5",
  check: "m5 12.5 4.5 4.5L19 7.5",
  close: "m6 6 12 12M18 6 6 18",
  chevronDown: "m6 9.5 6 6 6-6",
  chevronRight: "m9.5 6 6 6-6 6",
  chevronLeft: "m14.5 6-6 6 6 6",
  collapse: "M4 5h16v14H4ZM9.5 5v14M16 9.5 13.5 12l2.5 2.5",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  screen: "M4 5h16v11H4ZM9 20h6M12 16v4",
  retry: "M4 12a8 8 0 0 1 13.9-5.4L20 9M20 4v5h-5M20 12a8 8 0 0 1-13.9 5.4L4 15M4 20v-5h5",
  stop: "M7 7h10v10H7Z",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 7.5V12l3 2",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  wrap: "M4 6h16M4 12h13a3 3 0 0 1 0 6h-4M15.5 15.5 13 18l2.5 2.5M4 18h5",
  filter: "M4 5h16l-6.5 7.5V19l-3-1.5v-5Z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 13h8.4L17 7",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5v15l12-7.5Z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  external: "M13 5h6v6M19 5l-9 9M17 14v5H5V7h5",
  logout: "M14 4H5v16h9M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5",
  help: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM9.8 9.6a2.3 2.3 0 1 1 3.3 2.1c-.8.4-1.1.9-1.1 1.8M12 16.6h.01",
  alert: "M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17h.01",
  arrowUp: "M12 19V5M6 11l6-6 6 6",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  path: "M6 18.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 9.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 16.5h5.5a3 3 0 0 0 0-6h-3a3 3 0 0 1 0-3H16",
  calendar: "M4 6h16v14H4ZM4 10.5h16M8.5 3.5v4M15.5 3.5v4",
  bell: "M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15ZM10 20.5h4",
  edit: "M4 20h4L19 9l-4-4L4 16ZM13 7l4 4",
  key: "M8 16.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 12.5h8.5v3.5M17 12.5v2.5",
  users: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c.7-3.5 3-5 6.5-5s5.8 1.5 6.5 5M16 5a3.5 3.5 0 0 1 0 6.3M18 14.8c2 .6 3.1 2 3.5 4.7",
  json: "M9 4c-3 0-3 1.5-3 4s-.5 4-2 4c1.5 0 2 1.5 2 4s0 4 3 4M15 4c3 0 3 1.5 3 4s.5 4 2 4c-1.5 0-2 1.5-2 4s0 4-3 4",
  logs: "M5 6h14M5 10h9M5 14h14M5 18h6",
  timeline: "M4 6h8M8 12h9M13 18h7",
  shield: "M12 3.5 5 6v5.5c0 4.3 2.8 7.4 7 9 4.2-1.6 7-4.7 7-9V6ZM9 12l2.2 2.2L15 10",
  building: "M5 20.5V4h9v16.5M14 9h5v11.5M3 20.5h18M8 8h3M8 12h3M8 16h3",
  mail: "M4 6h16v12.5H4ZM4.5 7l7.5 6 7.5-6",
  robot: "M6 9h12v9.5H6ZM12 9V5.5M12 5.5h.01M9.5 13.5h.01M14.5 13.5h.01M3.5 12.5v3M20.5 12.5v3",
  history: "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4.5l3 1.5",
  lock: "M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  coin: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM14.8 9.2c-.5-1-1.5-1.5-2.8-1.5-1.6 0-2.8.8-2.8 2.1 0 3 5.8 1.4 5.8 4.4 0 1.3-1.3 2.1-3 2.1-1.4 0-2.5-.6-3-1.6M12 6v12",
  layers: "m12 4 8.5 4.5L12 13 3.5 8.5ZM3.5 13 12 17.5 20.5 13",
  archive: "M4 5h16v4H4ZM5.5 9v10.5h13V9M10 13h4",
  id: "M4 6h16v12.5H4ZM9 12.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6ZM6.3 16c.4-1.4 1.4-2 2.7-2s2.3.6 2.7 2M14.5 10.5h3M14.5 14h3",
  cloud: "M7 18.5a4.5 4.5 0 0 1-.6-8.9 6 6 0 0 1 11.6 1.2 3.9 3.9 0 0 1-.5 7.7Z",
  container: "M3 7h18v10.5H3ZM7.5 10.5V14M12 10.5V14M16.5 10.5V14",
  wheel: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM12 3.5V10M12 14v6.5M4.6 7.8l5.7 3.2M13.7 13l5.7 3.2M4.6 16.2l5.7-3.2M13.7 11l5.7-3.2",
  cluster: "M4 4h6.5v6.5H4ZM13.5 4H20v6.5h-6.5ZM4 13.5h6.5V20H4ZM13.5 13.5H20V20h-6.5Z",
  laptop: "M5.5 5.5h13v9.5h-13ZM2.5 18.5h19",
} as const;

export type IconName = keyof typeof PATHS;

interface IconProps {
  readonly name: IconName;
  readonly size?: number;
}

export function Icon({ name, size = 16 }: IconProps) {
  const heavy = name === "more";
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={heavy ? 3 : 1.75}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: "none" }}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
