import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { accessHeaders, TokenForm, useAccess } from "./access.tsx";
import { DemoPage } from "./demo-page.tsx";
import { FindPage } from "./find-page.tsx";
import { OrderPage } from "./order-page.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { followLinks, Link, usePath } from "./paths.tsx";

const tabs = [
  { path: "/", name: "Overview" },
  { path: "/find", name: "Find" },
] as const;
/** Only where there is something to try. */
const tryTab = { path: "/try", name: "Try it" } as const;

function Page() {
  const path = usePath();
  const { isRefused } = useAccess();
  const isDemo = useIsDemo();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const orderId = /^\/order\/([^/]+)$/.exec(path.pathname)?.[1];
  const name =
    orderId === undefined
      ? ([...tabs, tryTab].find((tab) => tab.path === path.pathname)?.name ?? "Not found")
      : "Order";
  useEffect(() => {
    document.title = `${name} · orderwright`;
    // After a change of page, people with a screen reader begin at its content, as after a load.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [path.pathname]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="top">
        <Link class="brand" to="/">
          orderwright
        </Link>
        <nav aria-label="Pages">
          {(isDemo ? [...tabs, tryTab] : tabs).map((tab) => (
            <Link key={tab.path} to={tab.path} isCurrent={tab.path === path.pathname}>
              {tab.name}
            </Link>
          ))}
        </nav>
      </header>
      <main id="content" tabIndex={-1} ref={main}>
        {isRefused ? <TokenForm /> : <Content orderId={orderId} path={path} />}
      </main>
    </>
  );
}

/** Asked by headers alone: a shop that is none for trying answers 404, which is no fault. */
function useIsDemo(): boolean {
  const [isDemo, setDemo] = useState(false);
  useEffect(() => {
    void fetch("/demo", { headers: accessHeaders() }).then(
      ({ ok }) => setDemo(ok),
      () => undefined,
    );
  }, []);
  return isDemo;
}

function Content({ orderId, path }: { orderId: string | undefined; path: URL }) {
  if (orderId !== undefined) return <OrderPage key={orderId} id={orderId} />;
  if (path.pathname === "/") return <OverviewPage />;
  if (path.pathname === "/find") return <FindPage />;
  if (path.pathname === "/try") return <DemoPage />;
  return (
    <section>
      <h1>There is no such page</h1>
      <p>
        <Link to="/">To the overview</Link>
      </p>
    </section>
  );
}

const root = document.getElementById("page");
if (root !== null) {
  followLinks();
  render(<Page />, root);
}
