/** Which path shows which screen. A screen's code is fetched when it is first shown. */
import { type ComponentType, lazy, type LazyExoticComponent, type ReactNode } from "react";
import {
  Activity,
  Bot,
  Boxes,
  House,
  Layers,
  Network,
  Settings,
  SquareStack,
  Table2,
  Workflow,
} from "lucide-react";

type Screen = LazyExoticComponent<ComponentType<{ params: Record<string, string> }>>;
const screen = (load: () => Promise<{ default: ComponentType<never> }>): Screen => lazy(load as never) as Screen;

export const ROUTES: { path: string; screen: Screen }[] = [
  { path: "/", screen: screen(() => import("../screens/home")) },
  { path: "/assets", screen: screen(() => import("../screens/assets")) },
  { path: "/asset", screen: screen(() => import("../screens/asset")) },
  { path: "/graph", screen: screen(() => import("../screens/graph")) },
  { path: "/runs", screen: screen(() => import("../screens/runs")) },
  { path: "/runs/:id", screen: screen(() => import("../screens/run")) },
  { path: "/jobs", screen: screen(() => import("../screens/jobs")) },
  { path: "/jobs/:name", screen: screen(() => import("../screens/job")) },
  { path: "/automation", screen: screen(() => import("../screens/automation")) },
  { path: "/automation/:name", screen: screen(() => import("../screens/instigator")) },
  { path: "/backfills", screen: screen(() => import("../screens/backfills")) },
  { path: "/environments", screen: screen(() => import("../screens/environments")) },
  { path: "/workers", screen: screen(() => import("../screens/workers")) },
  { path: "/settings", screen: screen(() => import("../screens/settings")) },
];

export type Place = { name: string; path: string; icon: ReactNode; keys: string; also?: string };
export const PLACES: Place[] = [
  { name: "Home", path: "/", icon: <House size={16} />, keys: "g h" },
  { name: "Assets", path: "/assets", icon: <Table2 size={16} />, keys: "g a", also: "/asset" },
  { name: "Graph", path: "/graph", icon: <Network size={16} />, keys: "g g" },
  { name: "Runs", path: "/runs", icon: <Activity size={16} />, keys: "g r" },
  { name: "Jobs", path: "/jobs", icon: <Workflow size={16} />, keys: "g j" },
  { name: "Automation", path: "/automation", icon: <Bot size={16} />, keys: "g s" },
  { name: "Backfills", path: "/backfills", icon: <SquareStack size={16} />, keys: "g b" },
  { name: "Environments", path: "/environments", icon: <Layers size={16} />, keys: "g e" },
  { name: "Workers", path: "/workers", icon: <Boxes size={16} />, keys: "g w" },
  { name: "Settings", path: "/settings", icon: <Settings size={16} />, keys: "g ," },
];

/** Is `path` the place or one below it? */
export const isAt = (place: Place, path: string): boolean =>
  path === place.path || path === place.also || (place.path !== "/" && path.startsWith(`${place.path}/`));
