//! `preview --inventory`: what an account sees. Asks the API, and writes no table.

use serde::Serialize;

use super::{CommandError, Session, output};
use crate::{
    commands::{auth::exit_code, inventory, output::counted},
    config::Config,
    ledger::CameraRecord,
};

/// Cameras that a person is shown; more are only counted.
const MAX_SHOWN: usize = 48;

#[derive(Serialize)]
struct CameraJson<'a> {
    camera_id: i64,
    name: Option<&'a str>,
    r#type: Option<&'a str>,
    status: Option<&'a str>,
    tags: &'a [String],
}

pub(super) async fn run(
    session: &Session,
    config: &Config,
    name: &str,
    json: bool,
) -> Result<u8, CommandError> {
    let selected = inventory::select(config, Some(name))?;
    let workplace = session.workplace(config)?;
    let Some(inventory) = selected.first() else { return Ok(0) };
    session.stop_on_signals();
    let seen = workplace.inventories().look(inventory).await;
    workplace.accounts.finish().await;
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            eprintln!("{name}: {error}");
            return Ok(exit_code(error.kind()));
        }
    };
    let cameras = &seen.listing.cameras;
    if json {
        output::print_json(&cameras.iter().map(describe).collect::<Vec<_>>())?;
    } else {
        output::print(&shown(name, cameras))?;
    }
    Ok(0)
}

fn describe(camera: &CameraRecord) -> CameraJson<'_> {
    CameraJson {
        camera_id: camera.id,
        name: camera.name.as_deref(),
        r#type: camera.kind.as_deref(),
        status: camera.status.as_deref(),
        tags: &camera.tags,
    }
}

fn shown(name: &str, cameras: &[CameraRecord]) -> String {
    let text = |text: &Option<String>, width| {
        text.as_deref().map_or_else(|| "-".to_owned(), |text| output::shortened(text, width))
    };
    let rows = cameras.iter().take(MAX_SHOWN).map(|camera| {
        vec![
            camera.id.to_string(),
            text(&camera.name, 30),
            text(&camera.kind, 8),
            text(&camera.status, 8),
            output::shortened(&camera.tags.join(","), 16),
        ]
    });
    let table = output::table(&["camera", "name", "type", "status", "tags"], &[0], rows);
    let more = cameras.len().saturating_sub(MAX_SHOWN);
    let more = if more > 0 { format!("\nand {more} more; --json shows all") } else { String::new() };
    format!("{name}: {}\n\n{table}{more}", counted(cameras.len() as u64, "camera"))
}
