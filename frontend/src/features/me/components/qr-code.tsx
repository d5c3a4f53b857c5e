import { useMemo } from "react";
import { encode } from "uqr";

import { pathOf } from "@/features/me/model";

import styles from "./rows.module.css";

interface QrCodeProps {
  readonly text: string;
  readonly label: string;
}

export function QrCode({ text, label }: QrCodeProps) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { border: 0 });
    return { size: code.size, path: pathOf(code.data) };
  }, [text]);
  return (
    <svg className={styles["qr"]} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" role="img" aria-label={label}>
      <path d={path} fill="#000" />
    </svg>
  );
}
