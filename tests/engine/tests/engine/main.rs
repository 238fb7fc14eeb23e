//! The promises of the stand-in: both official SDKs pass against it, the drivers notice a wrong answer, and every fault is the
//! one that was asked for.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod support;
#[cfg(test)]
mod worker;
