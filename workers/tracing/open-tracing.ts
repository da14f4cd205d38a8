import type * as Sdk from "@opentelemetry/sdk-trace";
import type { Service } from "#contracts/topics.ts";
import type { Environment } from "../environment.ts";
import type { Tracing } from "./tracing.ts";

/** Full when an exporter is away: spans are lost then, orders never. */
const queueSpansAtMost = 16_384;

/**
 * Traces by OpenTelemetry, sent with OTLP over HTTP; undefined unless its standard variables ask for it, and then nothing of the
 * SDK is even loaded. The exporter reads OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT, _HEADERS and _TIMEOUT itself.
 * Source: OpenTelemetry, environment variable specification.
 */
export async function openTracing(
  service: Service,
  instanceId: string,
  environment: Environment,
): Promise<Tracing | undefined> {
  if (!isAskedFor(environment)) return undefined;
  const [{ OTLPTraceExporter }, sdk, { resourceFromAttributes }, { createTracing }] = await Promise.all([
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/sdk-trace"),
    import("@opentelemetry/resources"),
    import("./tracing.ts"),
  ]);
  const number = (name: string, fallback: number) => Number(environment[name] ?? fallback);
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      "service.namespace": "orderwright",
      "service.name": environment["OTEL_SERVICE_NAME"] ?? `orderwright-${service}`,
      "service.instance.id": instanceId,
      ...resourceAttributes(environment["OTEL_RESOURCE_ATTRIBUTES"]),
    }),
    sampler: new sdk.ParentBasedSampler({ root: rootSampler(environment, sdk) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        scheduledDelayMillis: number("OTEL_BSP_SCHEDULE_DELAY", 1_000),
        maxExportBatchSize: number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 2_048),
        maxQueueSize: number("OTEL_BSP_MAX_QUEUE_SIZE", queueSpansAtMost),
      }),
    ],
  });
  return createTracing(provider.getTracer("orderwright"), () => provider.shutdown());
}

function isAskedFor(environment: Environment): boolean {
  const { OTEL_SDK_DISABLED: disabled = "", OTEL_TRACES_EXPORTER: exporter = "otlp" } = environment;
  if (disabled.toLowerCase() === "true" || exporter !== "otlp") return false;
  return Boolean(environment["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]);
}

/** Of orders that come without a trace: all, none, or a share. An order is in a trace whole, or not at all. */
function rootSampler(environment: Environment, sdk: typeof Sdk) {
  const { OTEL_TRACES_SAMPLER: name = "parentbased_always_on", OTEL_TRACES_SAMPLER_ARG: share = "1" } = environment;
  if (name.endsWith("always_off")) return new sdk.AlwaysOffSampler();
  return name.endsWith("traceidratio") ? new sdk.TraceIdRatioBasedSampler(Number(share)) : new sdk.AlwaysOnSampler();
}

function resourceAttributes(text: string | undefined): Record<string, string> {
  const pairs = (text ?? "").split(",").flatMap((pair) => {
    const [, name, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [[name, decodeURIComponent(value)]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
