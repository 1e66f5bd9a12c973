import { PROTOCOL } from "./requests.js";

/** serverUrl reads the address of a server; it throws a TypeError when it is none. */
export function serverUrl(url: string): URL {
  const parsed = new URL(url);
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") throw new TypeError(`not an http or https URL: ${url}`);
  return parsed;
}

/** linkedUrl completes the address that the server has named for later requests with scheme and port of the first one. */
export function linkedUrl(base: URL, controlLink: string | undefined): URL {
  if (controlLink === undefined) return base;
  if (controlLink.includes("://")) return new URL(controlLink);
  const url = new URL(`${base.protocol}//${controlLink}`);
  if (!/:\d+$/.test(controlLink)) url.port = base.port;
  return url;
}

/** requestUrl is where a request goes over HTTP. */
export function requestUrl(base: URL, request: string): string {
  return `${prefix(base)}/${request}.txt?LS_protocol=${PROTOCOL}`;
}

/** socketUrl is where a WebSocket is opened. */
export function socketUrl(base: URL): string {
  return prefix(base).replace(/^http/, "ws");
}

function prefix(base: URL): string {
  return `${base.origin}${base.pathname.replace(/\/+$/, "")}/lightstreamer`;
}

