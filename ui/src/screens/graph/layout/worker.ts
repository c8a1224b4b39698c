import { compound, type LayoutRequest } from "./compound";

self.onmessage = ({ data }: MessageEvent<{ id: number; request: LayoutRequest }>) => {
  self.postMessage({ id: data.id, layout: compound(data.request) });
};
