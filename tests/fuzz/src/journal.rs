//! A journal's file, which may have been cut off anywhere, or be something else.

use swingbridge::run::journal as file;

pub fn journal(bytes: &[u8]) {
    let events = file::read(bytes);
    let mut written = Vec::new();
    for event in &events {
        serde_json::to_writer(&mut written, event).expect("an event that was read can be written");
        written.push(b'\n');
    }
    assert_eq!(file::read(written.as_slice()), events, "and read again");
}
