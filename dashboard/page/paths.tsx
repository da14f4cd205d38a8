import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The page's address, as it changes. */
export function usePath(): URL {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const read = () => setHref(location.href);
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);
  return new URL(href);
}

export function goTo(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
}

/** Links of ours change the page and load nothing; with a key held, or another button, they do what the browser does. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isOurs = link !== null && link.origin === location.origin && link.dataset["page"] !== undefined;
    if (!isOurs || event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(link.pathname + link.search);
    scrollTo(0, 0);
  });
}

interface LinkProps {
  readonly to: string;
  readonly isCurrent?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Link({ to, isCurrent = false, children, ...rest }: LinkProps) {
  return (
    <a href={to} data-page aria-current={isCurrent ? "page" : undefined} {...rest}>
      {children}
    </a>
  );
}
