/**
 * The language of the page's dates and numbers. A browser in the POSIX locale says "en-US@posix", which its own Intl takes for no
 * language; uPlot asks Intl with it as soon as it is loaded, and no page would come. So this is imported before uPlot, and mends it.
 */
export const spokenLanguage: string = findLanguage();

function findLanguage(): string {
  const { language } = navigator;
  try {
    Intl.getCanonicalLocales(language);
    return language;
  } catch {
    const value = "en-US";
    Object.defineProperty(navigator, "language", { value, configurable: true });
    return value;
  }
}
