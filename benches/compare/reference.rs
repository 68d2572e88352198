//! How a reference is served.

use axum::Router;
use axum::serve::ListenerExt as _;

use crate::machine::Outcome;

/// Serves a reference and says where, in the words of `tidings serve`.
pub fn listen(routes: Router) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        // A connection that refuses the option works all the same.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, routes).await?;
        Ok(())
    })
}
