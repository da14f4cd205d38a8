// For tests only, loaded before a program: what it takes for now is so much later than it is.
import process from "node:process";

const laterMs = Number(process.env["CLOCK_LATER_MS"]);
const now = Date.now.bind(Date);
Date.now = () => now() + laterMs;
