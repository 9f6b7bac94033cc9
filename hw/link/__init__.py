"""What the board and the host say to each other, and the carriers that bring the bytes.

::

         carrier         |                          Link                            |  core
                         |                                                          |
    rx -> UARTReceiver ---> COBSDecoder -> PacketChecker -> RequestReceiver         |
                         |                                   |      |               |
                         |                          requests |      | chunks        |
                         |                                   |      v               |
                         |                                   |   ChunkBuffer        |
                         |                                   |      +-> PixelPacker ---> pixel
                         |                                   |      +-> weights -------> SDRAM
                         |                                   v                      |
    tx <- UARTTransmitter <- COBSEncoder <- CheckAppender <- Replier <- ScoreStore <--- score

`protocol` defines the packets. `link.Link` implements the board's side; its ports to the carrier
are two streams of bytes, `i` and `o`. The host's side is `host/link`.

`uart` is the only carrier so far, and `baud` its bit rate. Another one (USB, Ethernet) provides the
same two streams of bytes and takes the UART's place in `hw/system.py`; the link stays as it is.
"""
