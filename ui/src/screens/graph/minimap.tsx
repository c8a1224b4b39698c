/** All of the picture in a corner, with a frame around what is in sight. For the eye only: 0 and arrows do the same. */
import { useCallback, useEffect, useMemo, useRef } from "react";

import { shownOf, statuses } from "../../api/statuses";
import type { Camera } from "./camera";
import { CARD, type Layout } from "./layout/compound";
import type { Scene, Topology } from "./model";
import { type Colours, fillOf } from "./paint";

const W = 184;
const H = 116;
const PAINT_MS = 400;

type MinimapProps = { camera: Camera; layout: Layout; scene: Scene; topology: Topology; colours: Colours };

export function Minimap({ camera, layout, scene, topology, colours }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scale = useMemo(() => Math.min((W - 12) / Math.max(1, layout.w), (H - 12) / Math.max(1, layout.h), 0.14), [layout]);
  const [dx, dy] = [(W - layout.w * scale) / 2, (H - layout.h * scale) / 2];

  useEffect(() => {
    const draw = (): void => {
      const context = canvas.current?.getContext("2d");
      if (!context) return;
      context.clearRect(0, 0, W, H);
      for (const box of layout.boxes) {
        context.fillStyle = colours["line"]!;
        context.fillRect(dx + box.x * scale, dy + box.y * scale, Math.max(2, box.w * scale), Math.max(2, box.h * scale));
      }
      scene.nodes.forEach((node, i) => {
        const x = layout.x[i]!;
        if (Number.isNaN(x)) return;
        context.fillStyle = colours[fillOf(shownOf(statuses.get(topology.keys[node]!), (topology.flags[node]! & 1) === 1))]!;
        context.fillRect(dx + x * scale, dy + layout.y[i]! * scale, Math.max(1, CARD.w * scale - 0.5), Math.max(1, CARD.h * scale - 0.5));
      });
    };
    draw();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const end = statuses.listenAll(() => {
      timer ??= setTimeout(() => {
        timer = null;
        draw();
      }, PAINT_MS);
    });
    return () => {
      end();
      if (timer !== null) clearTimeout(timer);
    };
  }, [layout, scene, topology, colours, scale, dx, dy]);

  useEffect(() => {
    const show = (): void => {
      const { x, y, z } = camera.at;
      const style = frame.current?.style;
      if (!style) return;
      style.transform = `translate(${dx + x * scale}px, ${dy + y * scale}px)`;
      style.width = `${(camera.size.w / z) * scale}px`;
      style.height = `${(camera.size.h / z) * scale}px`;
    };
    show();
    return camera.listen(show);
  }, [camera, scale, dx, dy]);

  const jump = useCallback(
    (event: React.PointerEvent<HTMLDivElement>) => {
      if (event.buttons !== 1) return;
      const bounds = event.currentTarget.getBoundingClientRect();
      event.currentTarget.setPointerCapture(event.pointerId);
      camera.centre((event.clientX - bounds.left - dx) / scale, (event.clientY - bounds.top - dy) / scale, 0);
    },
    [camera, scale, dx, dy],
  );
  return (
    <div className="minimap" aria-hidden="true" onPointerDown={jump} onPointerMove={jump}>
      <canvas ref={canvas} width={W} height={H} />
      <div className="minimap-frame" ref={frame} />
    </div>
  );
}
