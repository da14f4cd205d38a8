import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { accessHeaders, TokenForm, useAccess } from "./access.tsx";
import { DemoPage } from "./demo-page.tsx";
import { FindPage } from "./find-page.tsx";
import { LetterPage } from "./letter-page.tsx";
import { LettersPage } from "./letters-page.tsx";
import { OrderPage } from "./order-page.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { followLinks, Link, usePath } from "./paths.tsx";

const tabs = [
  { path: "/", name: "Overview" },
  { path: "/find", name: "Find" },
  { path: "/dead-letters", name: "Dead letters" },
] as const;
/** Only where there is something to try. */
const tryTab = { path: "/try", name: "Try it" } as const;

function Page() {
  const path = usePath();
  const { isRefused } = useAccess();
  const isDemo = useIsDemo();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const name = nameOf(path.pathname);
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
            <Link key={tab.path} to={tab.path} isCurrent={tab.path === `/${path.pathname.split("/")[1]}`}>
              {tab.name}
            </Link>
          ))}
        </nav>
      </header>
      <main id="content" tabIndex={-1} ref={main}>
        {isRefused && !path.pathname.startsWith("/dead-letters") ? <TokenForm /> : <Content path={path} />}
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

const orderPath = /^\/order\/([^/]+)$/;
const letterPath = /^\/dead-letters\/([a-z]+)\/(\d+)$/;

function nameOf(pathname: string): string {
  if (orderPath.test(pathname)) return "Order";
  if (letterPath.test(pathname)) return "Dead letter";
  return [...tabs, tryTab].find((tab) => tab.path === pathname)?.name ?? "Not found";
}

function Content({ path }: { path: URL }) {
  const [, orderId] = orderPath.exec(path.pathname) ?? [];
  if (orderId !== undefined) return <OrderPage key={orderId} id={orderId} />;
  const [letter, service = "", id = ""] = letterPath.exec(path.pathname) ?? [];
  if (letter !== undefined) return <LetterPage key={letter} service={service} id={id} />;
  if (path.pathname === "/dead-letters") return <LettersPage />;
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
