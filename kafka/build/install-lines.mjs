// What to install, by system. The names of the packages are Debian's (Ubuntu's), Fedora's, Alpine's and Homebrew's.

const PACKAGES = {
  compiler: { debian: "g++", fedora: "gcc-c++", alpine: "g++", macos: "xcode-select --install" },
  make: { debian: "make", fedora: "make", alpine: "make", macos: "xcode-select --install" },
  bash: { debian: "bash", fedora: "bash", alpine: "bash", macos: "bash" },
  openssl: {
    debian: "libssl-dev",
    fedora: "openssl-devel",
    alpine: "openssl-dev openssl-libs-static",
    macos: "openssl@3",
  },
  zlib: { debian: "zlib1g-dev", fedora: "zlib-devel", alpine: "zlib-dev zlib-static", macos: "zlib" },
  zstd: { debian: "libzstd-dev", fedora: "libzstd-devel", alpine: "zstd-dev zstd-static", macos: "zstd" },
};

/** @typedef {keyof typeof PACKAGES} Needed */

/**
 * @param {Needed[]} needed
 * @returns {string} the apt-get line, and the names on other systems
 */
export function installLine(needed) {
  /** @param {"debian" | "fedora" | "alpine" | "macos"} system */
  const names = (system) => [...new Set(needed.map((name) => PACKAGES[name][system]))].join(" ");
  return (
    `apt-get install -y ${names("debian")} ` +
    `(Fedora: ${names("fedora")}; Alpine: ${names("alpine")}; macOS: ${names("macos")})`
  );
}
