/**
 * halley-client brings streaming market data to browsers and Node: subscriptions with live state, conflated to what can be
 * painted, over a WebSocket or, where there is none, over HTTP.
 *
 * @packageDocumentation
 */
export { connect } from "./client.js";
export type { Client, ClientEvents } from "./client.js";
export type { ConnectOptions, SendOptions, SubscribeOptions } from "./options.js";
export type { Subscription, SubscriptionEvents, TableSubscription, Update } from "./subscription.js";
export type { Command, Values } from "./item.js";
export type { Status } from "./status.js";
export type { Frequency, Mode } from "./requests.js";
export type { Bandwidth } from "./messages.js";
export type { JsonPatch } from "./diff.js";
export type { TransportChoice } from "./state.js";
export type { TransportName } from "./platform.js";
export type { WebSocketConstructor } from "./browser.js";
export { ConnectionError, HalleyError, MessageError, ProtocolError, SessionError, SubscriptionError } from "./errors.js";
