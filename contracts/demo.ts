import * as z from "zod";
import { reason } from "./fields.ts";
import { orderRequest } from "./http.ts";

/** What the page of `npm start` offers beside the shop itself; elsewhere it is not served. */

/** An order to place by hand, and how it will end. */
const demoOrder = z.object({
  ending: z.union([z.literal("paid"), reason]),
  title: z.string(),
  body: orderRequest,
});

/** Answer to `GET /demo`. */
export const demo = z.object({ orders: z.array(demoOrder) });

export type DemoOrder = z.infer<typeof demoOrder>;
export type Demo = z.infer<typeof demo>;
