import { useLayoutEffect, useState, type RefObject } from "react";

/** How far below the top of the document an element begins; follows whatever above it grows or shrinks. */
export function useDocumentTop(element: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      if (element.current !== null) setTop(Math.round(element.current.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    const parent = element.current?.closest("main");
    if (parent !== null && parent !== undefined) observer.observe(parent);
    return () => observer.disconnect();
  }, [element]);
  return top;
}
