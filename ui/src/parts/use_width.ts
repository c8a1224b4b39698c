import { useLayoutEffect, useState } from "react";

/** How wide a box is inside, in pixels, now and whenever that changes; `first` until it is measured. */
export function useWidth(box: React.RefObject<HTMLElement | null>, first: number, least = 0): number {
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => setWidth(Math.max(least, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, least]);
  return width;
}
