/** What part of the picture is in sight. It changes with every frame of a drag, so it lives outside of React. */

export type Sight = { x: number; y: number; z: number }; // the point of the picture at the top left, and the scale
export const LEAST = 0.02;
export const MOST = 2;

export class Camera {
  at: Sight = { x: 0, y: 0, z: 1 };
  size = { w: 1, h: 1 };
  private listeners = new Set<() => void>();
  private frame = 0;

  listen = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  set(next: Sight): void {
    this.at = { ...next, z: Math.max(LEAST, Math.min(MOST, next.z)) };
    if (this.frame === 0)
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        for (const listener of this.listeners) listener();
      });
  }

  /** Move the picture by pixels of the screen. */
  drag(dx: number, dy: number): void {
    this.set({ ...this.at, x: this.at.x - dx / this.at.z, y: this.at.y - dy / this.at.z });
  }

  /** Scale around a point of the screen, by default its middle. */
  zoom(factor: number, px = this.size.w / 2, py = this.size.h / 2): void {
    const z = Math.max(LEAST, Math.min(MOST, this.at.z * factor));
    const x = this.at.x + px / this.at.z - px / z;
    const y = this.at.y + py / this.at.z - py / z;
    this.set({ x, y, z });
  }

  /** Show all of a rectangle of the picture, at most at full size. */
  fit(box: { x: number; y: number; w: number; h: number }, margin = 48): void {
    const room = { w: Math.max(50, this.size.w - 2 * margin), h: Math.max(50, this.size.h - 2 * margin) };
    const z = Math.max(LEAST, Math.min(1, room.w / Math.max(1, box.w), room.h / Math.max(1, box.h)));
    this.set({ x: box.x + box.w / 2 - this.size.w / 2 / z, y: box.y + box.h / 2 - this.size.h / 2 / z, z });
  }

  /** Put a point of the picture into the middle, near enough to read. */
  centre(x: number, y: number, least = 0.8): void {
    const z = Math.max(this.at.z, least);
    this.set({ x: x - this.size.w / 2 / z, y: y - this.size.h / 2 / z, z });
  }

  /** Move no further than needed to bring a rectangle into sight. */
  reveal(box: { x: number; y: number; w: number; h: number }, margin = 60): void {
    const { x, y, z } = this.at;
    const [w, h, m] = [this.size.w / z, this.size.h / z, margin / z];
    const nx = box.x - m < x ? box.x - m : box.x + box.w + m > x + w ? box.x + box.w + m - w : x;
    const ny = box.y - m < y ? box.y - m : box.y + box.h + m > y + h ? box.y + box.h + m - h : y;
    if (nx !== x || ny !== y) this.set({ x: nx, y: ny, z });
  }

  /** A point of the screen as one of the picture. */
  under(px: number, py: number): { x: number; y: number } {
    return { x: this.at.x + px / this.at.z, y: this.at.y + py / this.at.z };
  }
}
