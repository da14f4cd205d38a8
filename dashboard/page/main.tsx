import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { TokenForm, useAccess } from "./access.tsx";
import { FindPage } from "./find-page.tsx";
import { OrderPage } from "./order-page.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { followLinks, Link, usePath } from "./paths.tsx";

const tabs = [
  { path: "/", name: "Overview" },
  { path: "/find", name: "Find" },
] as const;

function Page() {
  const path = usePath();
  const { isRefused } = useAccess();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const orderId = /^\/order\/([^/]+)$/.exec(path.pathname)?.[1];
  const name = orderId === undefined ? (tabs.find((tab) => tab.path === path.pathname)?.name ?? "Not found") : "Order";
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
          {tabs.map((tab) => (
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

function Content({ orderId, path }: { orderId: string | undefined; path: URL }) {
  if (orderId !== undefined) return <OrderPage key={orderId} id={orderId} />;
  if (path.pathname === "/") return <OverviewPage />;
  if (path.pathname === "/find") return <FindPage />;
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
