/** The picture: a canvas for lines and what is far, cards of the page for what is near; pan, zoom, select. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";

import { statuses } from "../../api/statuses";
import { useTheme } from "../../app/theme";
import { Camera } from "./camera";
import { Card, GroupCard } from "./card";
import { CARD, FOLDED, type Layout } from "./layout/compound";
import { Minimap } from "./minimap";
import type { Point, Scene, Topology } from "./model";
import { CARDS_FROM, coloursNow, paint, setVertical } from "./paint";

export type PictureHandle = {
  fit: () => void;
  zoom: (factor: number) => void;
  centre: (node: number) => boolean;
  reveal: (node: number) => void;
  centres: () => Map<number, Point>;
  first: () => number | null;
};
type PictureProps = {
  topology: Topology;
  scene: Scene;
  layout: Layout;
  selected: ReadonlySet<number>;
  current: number | null;
  kinds: ReadonlyMap<string, string>;
  onPick: (node: number | null, add: boolean) => void;
  onBox: (nodes: number[]) => void;
  onOpen: (node: number) => void;
  onFold: (group: string, folded: boolean) => void;
  handle: RefObject<PictureHandle | null>;
  begin: number | null; // centre on this node at first
};
type Range = { x0: number; y0: number; x1: number; y1: number; cards: boolean };
const MARGIN = 320;
const CLICK = 4;

export function Picture(props: PictureProps) {
  const { topology, scene, layout, selected, current, handle } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const rubber = useRef<HTMLDivElement>(null);
  const camera = useMemo(() => new Camera(), []);
  const [range, setRange] = useState<Range | null>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const theme = useTheme();
  const colours = useMemo(coloursNow, [theme]);
  setVertical(scene.request.vertical);

  const near = useMemo(() => {
    const node = hovered ?? current;
    if (node === null) return null;
    const i = scene.nodes.indexOf(node);
    if (i < 0) return null;
    const group = scene.request.groupOf[i]!;
    return new Set([scene.folded[group] && scene.boxed ? -1 - group : i]);
  }, [hovered, current, scene]);
  const look = useRef({ scene, layout, topology, colours, selected, near });
  look.current = { scene, layout, topology, colours, selected, near };

  const frame = useRef(0);
  const repaint = useCallback(() => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const context = canvas.current?.getContext("2d");
      if (context) paint(context, camera, look.current);
    });
  }, [camera]);
  useEffect(repaint, [repaint, scene, layout, colours, selected, near]);
  useEffect(
    () =>
      statuses.listenAll(() => {
        if (camera.at.z < CARDS_FROM) repaint(); // near cards are elements, and look after themselves
      }),
    [camera, repaint],
  );

  const moved = useCallback(() => {
    const { x, y, z } = camera.at;
    if (layer.current) {
      layer.current.style.transform = `scale(${z}) translate(${-x}px, ${-y}px)`;
      const inverse = String(Math.round(Math.max(1, Math.min(4.5, 0.75 / z)) * 8) / 8);
      if (layer.current.style.getPropertyValue("--inverse") !== inverse) layer.current.style.setProperty("--inverse", inverse);
    }
    repaint();
    setRange((old) => {
      const [x1, y1] = [x + camera.size.w / z, y + camera.size.h / z];
      const cards = z >= CARDS_FROM;
      if (old && old.cards === cards && (!cards || (x >= old.x0 && y >= old.y0 && x1 <= old.x1 && y1 <= old.y1))) return old;
      return { x0: x - MARGIN, y0: y - MARGIN, x1: x1 + MARGIN, y1: y1 + MARGIN, cards };
    });
  }, [camera, repaint]);
  useEffect(() => camera.listen(moved), [camera, moved]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const resize = (): void => {
      const { width, height } = element.getBoundingClientRect();
      camera.size = { w: width, h: height };
      const ratio = window.devicePixelRatio || 1;
      if (canvas.current) {
        canvas.current.width = Math.round(width * ratio);
        canvas.current.height = Math.round(height * ratio);
      }
      moved();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(element);
    resize();
    return () => observer.disconnect();
  }, [camera, moved]);

  const rectOf = useCallback(
    (node: number) => {
      const i = scene.nodes.indexOf(node);
      if (i < 0) return null;
      if (!Number.isNaN(layout.x[i]!)) return { x: layout.x[i]!, y: layout.y[i]!, w: CARD.w, h: CARD.h };
      return layout.boxes[scene.request.groupOf[i]!] ?? null;
    },
    [scene, layout],
  );

  // A new picture: show all of it, or, when a group was opened, that group; else stay where we are.
  // Before the next frame: who jumps to an asset does so in one, and must have the last word.
  const before = useRef<{ scene: Scene; layout: Layout } | null>(null);
  useLayoutEffect(() => {
    const old = before.current;
    before.current = { scene, layout };
    if (old?.layout === layout) return;
    const whole = { x: 0, y: 0, w: layout.w, h: layout.h };
    const toggled = old && old.scene.folded.length === scene.folded.length ? scene.folded.findIndex((f, g) => f !== old.scene.folded[g]) : -1;
    const several = old !== null && scene.folded.filter((f, g) => f !== old.scene.folded[g]).length > 1;
    const first = old === null && props.begin !== null ? rectOf(props.begin) : null;
    if (first) camera.centre(first.x + first.w / 2, first.y + first.h / 2);
    else if (toggled >= 0 && !several && layout.boxes[toggled]) {
      const { x, y, w, h } = layout.boxes[toggled];
      camera.fit({ x: x - 60, y: y - 40, w: w + 120, h: h + 80 });
    } else camera.fit(whole);
    performance.mark("graph-shown");
  }, [scene, layout, camera, rectOf, props.begin]);

  const centres = useCallback(() => {
    const found = new Map<number, Point>();
    scene.nodes.forEach((node, i) => {
      if (!Number.isNaN(layout.x[i]!)) found.set(node, { x: layout.x[i]! + CARD.w / 2, y: layout.y[i]! + CARD.h / 2 });
    });
    return found;
  }, [scene, layout]);
  handle.current = {
    fit: () => camera.fit({ x: 0, y: 0, w: layout.w, h: layout.h }),
    zoom: (factor) => camera.zoom(factor),
    centre: (node) => {
      const rect = rectOf(node);
      if (rect) camera.centre(rect.x + rect.w / 2, rect.y + rect.h / 2);
      return rect !== null && rect.h === CARD.h;
    },
    reveal: (node) => {
      const rect = rectOf(node);
      if (rect && camera.at.z < CARDS_FROM) camera.centre(rect.x + rect.w / 2, rect.y + rect.h / 2);
      else if (rect) camera.reveal(rect);
    },
    centres,
    first: () => {
      let [best, cost] = [null as number | null, Infinity];
      for (const [node, { x, y }] of centres()) if (x * 4 + y < cost) [best, cost] = [node, x * 4 + y];
      return best;
    },
  };

  const hit = useCallback(
    (event: { clientX: number; clientY: number }): number | null => {
      const bounds = box.current!.getBoundingClientRect();
      const { x, y } = camera.under(event.clientX - bounds.left, event.clientY - bounds.top);
      const i = scene.nodes.findIndex((_, k) => {
        const [left, top] = [layout.x[k]!, layout.y[k]!];
        return x >= left && y >= top && x <= left + CARD.w && y <= top + CARD.h;
      });
      return i < 0 ? null : scene.nodes[i]!;
    },
    [camera, scene, layout],
  );
  usePointer({ ...props, box, rubber, camera, hit, onHover: setHovered });

  const visible = useMemo(() => {
    if (!range?.cards) return [];
    const found: number[] = [];
    scene.nodes.forEach((_, i) => {
      const [x, y] = [layout.x[i]!, layout.y[i]!];
      if (x < range.x1 && y < range.y1 && x + CARD.w > range.x0 && y + CARD.h > range.y0) found.push(i);
    });
    return found;
  }, [range, scene, layout]);
  const currentId = current !== null && visible.some((i) => scene.nodes[i] === current) ? `node-${current}` : undefined;

  return (
    <div className="picture" ref={box} data-cards={range?.cards ?? false} data-nodes={scene.nodes.length}>
      <canvas ref={canvas} aria-hidden="true" className="picture-canvas" />
      <div className="picture-layer" ref={layer}>
        <Groups {...props} />
        <div
          role="listbox"
          aria-multiselectable="true"
          aria-label="Assets in the picture; arrows follow the edges"
          aria-activedescendant={currentId}
          tabIndex={0}
          className="picture-cards"
        >
          {visible.map((i) => {
            const node = scene.nodes[i]!;
            const name = topology.keys[node]!;
            return (
              <Card
                key={node}
                id={`node-${node}`}
                name={name}
                x={layout.x[i]!}
                y={layout.y[i]!}
                source={(topology.flags[node]! & 1) === 1}
                partitioned={(topology.flags[node]! & 2) === 2}
                foreign={scene.foreign.has(node)}
                selected={selected.has(node)}
                current={current === node}
                kind={props.kinds.get(name) ?? null}
              />
            );
          })}
        </div>
      </div>
      <div className="rubber" ref={rubber} hidden />
      <Minimap camera={camera} layout={layout} scene={scene} topology={topology} colours={colours} />
    </div>
  );
}

function Groups({ scene, layout, topology, onFold }: PictureProps) {
  const members = useMemo(() => {
    const keys: string[][] = scene.groups.map(() => []);
    scene.nodes.forEach((node, i) => keys[scene.request.groupOf[i]!]!.push(topology.keys[node]!));
    return keys;
  }, [scene, topology]);
  const source = useCallback((key: string) => ((topology.flags[topology.index.get(key) ?? -1] ?? 0) & 1) === 1, [topology]);
  const unfold = useCallback((group: string) => onFold(group, false), [onFold]);
  return layout.boxes.map((box) => {
    const name = scene.request.groups[box.group]!;
    if (box.folded)
      return <GroupCard key={name} name={name} group={box.group} x={box.x} y={box.y} keys={members[box.group] ?? []} source={source} onUnfold={unfold} />;
    return (
      <button
        key={name}
        type="button"
        className="group-head"
        data-group={name}
        style={{ left: box.x, top: box.y, width: Math.max(box.w, FOLDED.w) }}
        title={`Fold ${name} (f)`}
        onClick={() => onFold(name, true)}
      >
        <span className="clip">{name}</span>
        <span className="faint num">{box.count}</span>
      </button>
    );
  });
}

type Pointing = PictureProps & {
  box: RefObject<HTMLDivElement | null>;
  rubber: RefObject<HTMLDivElement | null>;
  camera: Camera;
  hit: (event: { clientX: number; clientY: number }) => number | null;
  onHover: (node: number | null) => void;
};

/** Drag to move, wheel to scale, Shift and drag for a box, click to pick, double click to open. */
function usePointer(props: Pointing): void {
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = latest.current.box.current;
    if (!element) return;
    const camera = latest.current.camera;
    const fingers = new Map<number, { x: number; y: number }>();
    let start: { x: number; y: number; boxed: boolean; moved: boolean; onButton: boolean } | null = null;
    let hoverFrame = 0;

    const down = (event: PointerEvent): void => {
      if (event.button !== 0 || (event.target as Element).closest(".minimap")) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const onButton = (event.target as Element).closest("button") !== null;
      start = { x: event.clientX, y: event.clientY, boxed: event.shiftKey && !onButton, moved: false, onButton };
    };
    const move = (event: PointerEvent): void => {
      const last = fingers.get(event.pointerId);
      if (last && fingers.size === 2) return pinch(event);
      if (!start || !last) {
        if (hoverFrame === 0 && event.pointerType === "mouse")
          hoverFrame = requestAnimationFrame(() => {
            hoverFrame = 0;
            latest.current.onHover((event.target as Element).closest("button") ? null : latest.current.hit(event));
          });
        return;
      }
      if (!start.moved && Math.hypot(event.clientX - start.x, event.clientY - start.y) > CLICK) {
        start.moved = true;
        element.setPointerCapture(event.pointerId);
        element.classList.add("dragging");
      }
      if (!start.moved) return;
      if (start.boxed) drawRubber(event);
      else camera.drag(event.clientX - last.x, event.clientY - last.y);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    };
    const pinch = (event: PointerEvent): void => {
      const [a, b] = [...fingers.values()] as [{ x: number; y: number }, { x: number; y: number }];
      const before = Math.hypot(a.x - b.x, a.y - b.y);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      const [c, d] = [...fingers.values()] as [typeof a, typeof b];
      const bounds = element.getBoundingClientRect();
      camera.zoom(Math.hypot(c.x - d.x, c.y - d.y) / Math.max(1, before), (c.x + d.x) / 2 - bounds.left, (c.y + d.y) / 2 - bounds.top);
      if (start) start.moved = true;
    };
    const drawRubber = (event: PointerEvent): void => {
      const rubber = latest.current.rubber.current;
      if (!rubber || !start) return;
      const bounds = element.getBoundingClientRect();
      rubber.hidden = false;
      rubber.style.left = `${Math.min(start.x, event.clientX) - bounds.left}px`;
      rubber.style.top = `${Math.min(start.y, event.clientY) - bounds.top}px`;
      rubber.style.width = `${Math.abs(event.clientX - start.x)}px`;
      rubber.style.height = `${Math.abs(event.clientY - start.y)}px`;
    };
    const up = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      const ended = start;
      start = null;
      element.classList.remove("dragging");
      if (!ended) return;
      if (ended.moved && ended.boxed) pickBox(ended, event);
      else if (!ended.moved && !ended.onButton)
        latest.current.onPick(latest.current.hit(event), event.shiftKey || event.ctrlKey || event.metaKey);
    };
    const pickBox = (from: { x: number; y: number }, event: PointerEvent): void => {
      const rubber = latest.current.rubber.current;
      if (rubber) rubber.hidden = true;
      const bounds = element.getBoundingClientRect();
      const a = camera.under(Math.min(from.x, event.clientX) - bounds.left, Math.min(from.y, event.clientY) - bounds.top);
      const b = camera.under(Math.max(from.x, event.clientX) - bounds.left, Math.max(from.y, event.clientY) - bounds.top);
      const { scene, layout } = latest.current;
      latest.current.onBox(
        scene.nodes.filter((_, i) => layout.x[i]! < b.x && layout.y[i]! < b.y && layout.x[i]! + CARD.w > a.x && layout.y[i]! + CARD.h > a.y),
      );
    };
    const cancel = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      start = null;
      element.classList.remove("dragging");
      if (latest.current.rubber.current) latest.current.rubber.current.hidden = true;
    };
    const click = (event: MouseEvent): void => {
      if (element.classList.contains("dragging")) event.preventDefault();
    };
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      const bounds = element.getBoundingClientRect();
      const unit = event.deltaMode === 1 ? 18 : 1;
      if (event.shiftKey) camera.drag(-(event.deltaX || event.deltaY) * unit, 0);
      else camera.zoom(Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 90 : 420)), event.clientX - bounds.left, event.clientY - bounds.top);
    };
    const double = (event: MouseEvent): void => {
      const node = (event.target as Element).closest("button") ? null : latest.current.hit(event);
      if (node !== null) latest.current.onOpen(node);
    };
    const leave = (): void => latest.current.onHover(null);
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", cancel);
    element.addEventListener("pointerleave", leave);
    element.addEventListener("click", click, true);
    element.addEventListener("dblclick", double);
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", cancel);
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("click", click, true);
      element.removeEventListener("dblclick", double);
      element.removeEventListener("wheel", wheel);
    };
  }, []);
}
