import { openProducer } from "#kafka/producer.ts";
import { producerSettings } from "#kafka/settings.ts";
import type { ClientProperties } from "#kafka/upstream.ts";
import { createDelivery, type Delivery, type DeliveryOptions } from "./delivery.ts";
import type { FaultHook } from "../fault-hook.ts";
import { createOutboxWriter, type OutboxWriter } from "./outbox-writer.ts";
import { createRelay, type Relay, type RelayOptions } from "./relay.ts";
import { createRelayLane, type RelayLane, type Unread } from "./relay-lane.ts";
import { createWakeUp } from "../wake-up.ts";

/** From the outbox to the broker: what writes it, and what publishes it. */
export interface Publishing {
  readonly write: OutboxWriter;
  readonly lane: RelayLane;
  readonly delivery: Delivery;
  readonly relay: Relay;
}

export interface PublishingOptions extends Omit<RelayOptions, "lane" | "delivery" | "wakeUp"> {
  readonly client: ClientProperties;
  readonly faultHook: FaultHook;
  readonly unread: Unread;
  readonly onSent?: DeliveryOptions["onSent"];
}

export function createPublishing(options: PublishingOptions): Publishing {
  const { store, client, settings, instanceId, metrics, signal, faultHook, unread } = options;
  const { relayBufferRows: bufferRows, relayRoundRows: pageRows, lingerMs, deliveryTimeoutMs } = settings;
  const wakeUp = createWakeUp();
  const onChange = () => wakeUp.notify();
  const lane = createRelayLane({ store, instanceId, unread, bufferRows, pageRows, onChange });
  // Nothing is compressed, so no feature of the client can be missing.
  const properties = producerSettings(client, { lingerMs, deliveryTimeoutMs }, { missing: {} });
  const delivery = createDelivery({
    ...options,
    openProducer: () => openProducer(properties, { signal }),
    backOffMinMs: settings.backOffMinMs,
    backOffMaxMs: settings.backOffMaxMs,
  });
  const onCommitUnknown = () => void (metrics.commitsUnknown += 1);
  return {
    write: createOutboxWriter({ store, instanceId, lane, faultHook, onCommitUnknown }),
    lane,
    delivery,
    relay: createRelay({ ...options, lane, delivery, wakeUp }),
  };
}
