import { makeWorld } from "./demo/world";

export const ORIGIN = "http://127.0.0.1:3000";

export const world = makeWorld(Date.now(), ORIGIN);
