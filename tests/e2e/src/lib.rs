//! The request vectors of the end-to-end tests: data where a request was thought of, a generator where there are many of a
//! kind. The same list every time.

pub mod vectors;
