import program from "../package.json" with { type: "json" };

/** Of this program, as dead letters name the one that could not take them. */
export const programVersion = program.version;
